//! Wrong passwords and codes: counted in the database, where every node sees them, and judged by [`attempts`].

use diesel::QueryResult;
use serde_json::json;

use super::origin::Origin;
use super::passwords;
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::At;
use crate::domain::attempts::{self, FORGET_MS, FREE_OF_CODES, Tally, TooOften, Verdict};
use crate::domain::token::mac;
use crate::store::accounts::OfficerRow;
use crate::store::{Conn, sign_in_tallies};

/// A try that may be made; it counts as a failure until it is [`settle`]d.
pub(super) struct Try {
    own: Vec<u8>,
    network: Option<Vec<u8>>,
    /// Whether the browser has signed in to the account before.
    pub(super) known_device: bool,
    /// The network, as the audit log may have it: a digest, to see which belong together.
    pub(super) from: String,
}

/// Why none may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Until then.
    pub until: At,
    /// What was counted too often.
    pub why: TooOften,
}

/// Asks leave for a try at an account, whether or not there is one of that name, and counts it.
pub(super) async fn begin(app: &App, email: &str, officer_id: Option<i64>, origin: &Origin) -> QueryResult<Result<Try, Held>> {
    let (now, network) = (app.now(), origin.network());
    let key =
        |kind: &str, who: &str| mac(&app.keyring().match_secret, &[b"sign-in", kind.as_bytes(), email.to_lowercase().as_bytes(), who.as_bytes()]).to_vec();
    let whole = mac(&app.keyring().match_secret, &[b"sign-in", b"network", network.as_bytes()]).to_vec();
    let from = hex::encode(whole.get(..6).unwrap_or_default());
    let device = officer_id.and_then(|id| origin.known_to(app, id));
    let tried = match &device {
        Some(device) => Try { own: key("device", device), network: None, known_device: true, from },
        None => Try { own: key("pair", &network), network: Some(whole), known_device: false, from },
    };
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        let own = sign_in_tallies::hold(conn, &tried.own, now).await?;
        let network = match &tried.network {
            Some(key) => Some(sign_in_tallies::hold(conn, key, now).await?),
            None => None,
        };
        // What is held is not noted: the failure that began the wait was, and anybody could fill the log.
        if let Verdict::Wait { until, why } = attempts::judge(tried.known_device, Some(own), network, now) {
            return Ok(Err(Held { until, why }));
        }
        sign_in_tallies::set(conn, &tried.own, one_more(own, now)).await?;
        if let (Some(key), Some(tally)) = (&tried.network, network) {
            sign_in_tallies::set(conn, key, one_more(tally, now)).await?;
        }
        Ok(Ok(tried))
    })
    .await
}

fn one_more(tally: Tally, now: At) -> Tally {
    let before = if now.since_ms(tally.last_at) < FORGET_MS { tally.failures } else { 0 };
    Tally { failures: before.saturating_add(1), last_at: now }
}

/// It succeeded: the account's count begins anew, and the network's is as it was.
pub(super) async fn settle(conn: &mut Conn, tried: &Try) -> QueryResult<()> {
    sign_in_tallies::clear(conn, &tried.own).await?;
    if let Some(network) = &tried.network {
        sign_in_tallies::uncount(conn, network).await?;
    }
    Ok(())
}

/// It was right so far, and something more is asked for: as if it had not been made.
pub(super) async fn take_back(app: &App, tried: &Try) -> QueryResult<()> {
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        for key in std::iter::once(&tried.own).chain(&tried.network) {
            sign_in_tallies::uncount(conn, key).await?;
        }
        Ok(())
    })
    .await
}

/// It failed: an entry in the audit log, with what was wrong, and another if nobody may try for a while now.
pub(super) async fn note_failure(app: &App, tried: &Try, officer_id: Option<i64>, what: &str) -> QueryResult<()> {
    let (now, subject) = (app.now(), ("officer", officer_id));
    let detail = json!({ "what": what, "known_device": tried.known_device, "from": tried.from });
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        audit::note(conn, app.ids(), now, &Actor::System, "officer.sign_in_failed", subject, detail).await?;
        let own = sign_in_tallies::hold(conn, &tried.own, now).await?;
        let network = match &tried.network {
            Some(key) => Some(sign_in_tallies::hold(conn, key, now).await?),
            None => None,
        };
        if let Verdict::Wait { until, why } = attempts::judge(tried.known_device, Some(own), network, now) {
            let detail = json!({ "why": why.as_str(), "seconds": until.since_ms(now) / 1_000, "from": tried.from });
            audit::note(conn, app.ids(), now, &Actor::System, "officer.sign_in_held", subject, detail).await?;
        }
        Ok(())
    })
    .await
}

/// Asks leave to try a code of an account, from wherever, and counts it; its owner is told once it is more than they would mistype.
pub(super) async fn begin_code(app: &App, officer: &OfficerRow) -> QueryResult<Result<Vec<u8>, Held>> {
    let now = app.now();
    let key = mac(&app.keyring().match_secret, &[b"sign-in", b"code", &officer.id.to_be_bytes()]).to_vec();
    let mut conn = app.write().await?;
    let (begun, told) = conn
        .transaction(async |conn| {
            let tally = sign_in_tallies::hold(conn, &key, now).await?;
            if let Verdict::Wait { until, why } = attempts::judge_code(tally, now) {
                return Ok((Err(Held { until, why }), false));
            }
            let tally = one_more(tally, now);
            sign_in_tallies::set(conn, &key, tally).await?;
            let mut told = false;
            if tally.failures == FREE_OF_CODES {
                let brand = &app.config().branding.name;
                let body = format!(
                    "Somebody has signed in to {brand} with your password and entered {FREE_OF_CODES} codes that are not right.\n\n\
                     If that was not you, choose a new password now and tell your administrator: your password is known to somebody else."
                );
                told = passwords::tell(conn, app, officer, &format!("Wrong codes for your account of {brand}"), &body).await?;
                let detail = json!({ "why": "code", "mailed": told });
                audit::note(conn, app.ids(), now, &Actor::System, "officer.sign_in_held", ("officer", Some(officer.id)), detail).await?;
            }
            Ok::<_, diesel::result::Error>((Ok(key), told))
        })
        .await?;
    drop(conn);
    if told {
        app.wake().outbox();
    }
    Ok(begun)
}

/// The code was right: the count begins anew.
pub(super) async fn settle_code(app: &App, key: &[u8]) -> QueryResult<()> {
    sign_in_tallies::clear(&mut app.write().await?, key).await.map(|_| ())
}

/// Clears out what counts no longer.
pub async fn forget(app: &App) -> QueryResult<()> {
    sign_in_tallies::delete_before(&mut app.write().await?, app.now().plus_ms(-FORGET_MS)).await.map(|_| ())
}
