//! The second step of signing in: an authenticator app's codes, and recovery codes for whoever has lost it.
//!
//! The secret is sealed by the keyring and never in clear in the database; recovery codes are shown once and kept as digests.

use diesel::QueryResult;
use serde_json::json;

use crate::app::App;
use crate::audit::{self, Actor};
use crate::config::SecondStep;
use crate::domain::token::mac;
use crate::domain::{At, ids, totp};
use crate::store::factors::{self, RecoveryCodeRow};

const CODES: usize = 10;
/// A secret that was shown so long ago is not confirmed any more.
const PENDING_MS: i64 = 30 * 60_000;

/// What a typed code turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Right; it is used up.
    Right,
    /// Right, but used before.
    UsedBefore,
    /// Wrong.
    Wrong,
}

/// A secret to put into an app.
pub struct Pending {
    /// For the QR code.
    pub uri: String,
    /// To type.
    pub text: String,
}

/// How an account stands.
pub struct Standing {
    /// The force uses no codes.
    pub off: bool,
    /// Nobody may be without.
    pub required: bool,
    /// Since when codes are asked for.
    pub since: Option<At>,
    /// Recovery codes that are left.
    pub recovery_codes: i64,
}

fn purpose(officer_id: i64) -> String {
    format!("totp of {officer_id}")
}

/// Whether an account is asked for a code.
pub(super) async fn stands(app: &App, officer_id: i64) -> QueryResult<bool> {
    if app.config().security.totp == SecondStep::Off {
        return Ok(false);
    }
    Ok(factors::find(&mut app.read().await?, officer_id).await?.is_some_and(|row| row.totp_at.is_some()))
}

/// How an account stands, for its owner.
pub async fn standing(app: &App, officer_id: i64) -> QueryResult<Standing> {
    let mut conn = app.read().await?;
    let since = factors::find(&mut conn, officer_id).await?.and_then(|row| row.totp_at);
    let asked = app.config().security.totp;
    let (off, required) = (asked == SecondStep::Off, asked == SecondStep::Required);
    Ok(Standing { off, required, since, recovery_codes: factors::count_recovery_codes(&mut conn, officer_id).await? })
}

/// The secret to be confirmed: the one that is shown already, so that reloading the page does not change it, or a new one.
pub async fn pending(app: &App, officer_id: i64, account: &str) -> anyhow::Result<Pending> {
    let now = app.now();
    let shown = shown(app, officer_id).await?;
    let secret = match shown {
        Some((_, secret)) => secret,
        None => {
            let secret = totp::new_secret();
            let sealed = app.keyring().seal(&purpose(officer_id), &secret).ok_or_else(|| anyhow::anyhow!("the secret cannot be sealed"))?;
            factors::put_pending(&mut app.write().await?, officer_id, &sealed, now).await?;
            secret
        }
    };
    Ok(Pending { uri: totp::uri(&app.config().branding.name, account, &secret), text: totp::in_text(&secret) })
}

async fn shown(app: &App, officer_id: i64) -> QueryResult<Option<(Vec<u8>, Vec<u8>)>> {
    let row = factors::find(&mut app.read().await?, officer_id).await?;
    let fresh = row.filter(|row| row.pending_at.is_some_and(|at| app.now().since_ms(at) < PENDING_MS));
    let sealed = fresh.and_then(|row| row.pending_sealed);
    Ok(sealed.and_then(|sealed| app.keyring().open_sealed(&purpose(officer_id), &sealed).map(|secret| (sealed, secret))))
}

/// Confirms the secret by a code of it; gives the recovery codes, once. `None` if the code is not right.
pub async fn confirm(app: &App, officer_id: i64, typed: &str) -> QueryResult<Option<Vec<String>>> {
    let now = app.now();
    let Some((sealed, secret)) = shown(app, officer_id).await? else { return Ok(None) };
    let totp::Verdict::Right(step) = totp::check(&secret, typed, now, 0) else { return Ok(None) };
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if factors::confirm(conn, officer_id, &sealed, step, now).await? == 0 {
            return Ok(None);
        }
        let codes = put_codes(conn, app, officer_id).await?;
        audit::note(conn, app.ids(), now, &Actor::Officer(officer_id), "officer.second_step_on", ("officer", Some(officer_id)), json!({})).await?;
        Ok(Some(codes))
    })
    .await
}

/// New recovery codes in the place of all there were; shown once. `None` if the account has no second step.
pub async fn new_codes(app: &App, officer_id: i64) -> QueryResult<Option<Vec<String>>> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        if factors::find(conn, officer_id).await?.is_none_or(|row| row.totp_at.is_none()) {
            return Ok(None);
        }
        let codes = put_codes(conn, app, officer_id).await?;
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer_id), "officer.recovery_codes", ("officer", Some(officer_id)), json!({})).await?;
        Ok(Some(codes))
    })
    .await
}

async fn put_codes(conn: &mut crate::store::Conn, app: &App, officer_id: i64) -> QueryResult<Vec<String>> {
    let codes: Vec<String> = (0..CODES).map(|_| new_code()).collect();
    let rows = codes.iter().map(|code| RecoveryCodeRow {
        id: app.next_id(),
        officer_id,
        code_digest: digest(app, officer_id, code),
        created_at: app.now(),
        used_at: None,
    });
    factors::replace_recovery_codes(conn, officer_id, rows.collect()).await?;
    Ok(codes)
}

/// Twelve characters of base 32, 60 bits, in fours: `k7q2-m9fd-x3vw`.
fn new_code() -> String {
    let letters: Vec<char> = ids::public_id().chars().take(12).collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

fn digest(app: &App, officer_id: i64, code: &str) -> Vec<u8> {
    // Crockford's alphabet is read as it may be written down.
    let bare = code.chars().filter(char::is_ascii_alphanumeric).map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    let bare: String = bare.collect();
    mac(&app.keyring().match_secret, &[b"recovery", &officer_id.to_be_bytes(), bare.as_bytes()]).to_vec()
}

/// Checks a code of the app or a recovery code, and uses it up.
pub(super) async fn check(app: &App, officer_id: i64, typed: &str) -> QueryResult<Checked> {
    let now = app.now();
    let digits = typed.chars().filter(|c| !c.is_whitespace()).count() <= 8;
    let mut conn = app.write().await?;
    if !digits {
        let used = factors::use_recovery_code(&mut conn, officer_id, &digest(app, officer_id, typed), now).await?;
        if used == 0 {
            return Ok(Checked::Wrong);
        }
        let left = factors::count_recovery_codes(&mut conn, officer_id).await?;
        audit::note(
            &mut conn,
            app.ids(),
            now,
            &Actor::Officer(officer_id),
            "officer.recovery_code_used",
            ("officer", Some(officer_id)),
            json!({ "left": left }),
        )
        .await?;
        return Ok(Checked::Right);
    }
    let Some(row) = factors::find(&mut conn, officer_id).await? else { return Ok(Checked::Wrong) };
    let Some(sealed) = row.totp_sealed else { return Ok(Checked::Wrong) };
    let Some(secret) = app.keyring().open_sealed(&purpose(officer_id), &sealed) else {
        tracing::error!(officer.id = officer_id, "the keyring does not open an authenticator secret: restore the keyring, or reset the officer's second step");
        return Ok(Checked::Wrong);
    };
    match totp::check(&secret, typed, now, row.totp_step) {
        totp::Verdict::Wrong => Ok(Checked::Wrong),
        totp::Verdict::UsedBefore => Ok(Checked::UsedBefore),
        totp::Verdict::Right(step) => {
            if factors::use_step(&mut conn, officer_id, step).await? == 0 {
                return Ok(Checked::UsedBefore);
            }
            if app.keyring().is_sealed_by_an_older_key(&sealed)
                && let Some(anew) = app.keyring().seal(&purpose(officer_id), &secret)
            {
                factors::seal_again(&mut conn, officer_id, &sealed, &anew).await?;
            }
            Ok(Checked::Right)
        }
    }
}

/// Takes the second step away, by its owner or an administrator. Gives whether there was one.
pub async fn remove(app: &App, by: i64, officer_id: i64) -> QueryResult<bool> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let had = factors::delete(conn, officer_id).await? > 0;
        if had {
            audit::note(conn, app.ids(), app.now(), &Actor::Officer(by), "officer.second_step_off", ("officer", Some(officer_id)), json!({})).await?;
        }
        Ok(had)
    })
    .await
}
