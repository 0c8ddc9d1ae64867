//! Passwords: changed by their owner, or by a link that an administrator makes.

use serde_json::json;

use super::guesses::{self, Held};
use super::origin::Origin;
use super::{hash_password, matches};
use crate::app::App;
use crate::audit::{self, Actor};
use crate::domain::delivery::Purpose;
use crate::domain::{Address, ids};
use crate::files::sha256;
use crate::outbound::enqueue::{self, EnqueueOutcome, Single};
use crate::store::accounts::{self, OfficerRow};
use crate::store::notices::{self, NoticeRow};
use crate::store::password_resets::{self, ResetRow};
use crate::store::{Conn, sessions};

/// The notice that a link was shown to an administrator.
pub const LINK_SHOWN: &str = "link_shown";
/// How long a link can be used.
const LINK_MS: i64 = 24 * 3_600_000;
const LEAST: usize = 12;
const MOST: usize = 200;

/// What came of a change.
#[derive(Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is changed; every other session has ended.
    Changed,
    /// The old one is not right.
    WrongOld,
    /// The new one will not do; what to do.
    Unfit(&'static str),
    /// Too many failures.
    Held(Held),
    /// The link cannot be used any more.
    Stale,
}

/// A link by which an officer chooses a new password.
pub struct ResetLink {
    /// It, to be handed over by a way that only they read; none if it could be mailed, for then nobody else needs to see it.
    pub url: Option<String>,
}

/// What is wrong with a new password; none if it will do.
pub fn fault(password: &str, officer: &OfficerRow) -> Option<&'static str> {
    let length = password.chars().count();
    let folded = password.to_lowercase();
    if length < LEAST {
        Some("Choose at least 12 characters: three or four words will do")
    } else if length > MOST {
        Some("Choose at most 200 characters")
    } else if folded == officer.email || folded == officer.name.to_lowercase() {
        Some("Choose something other than your name or address")
    } else {
        None
    }
}

/// Changes a password by the old one; every other session of the officer ends.
pub async fn change(app: &App, officer: &OfficerRow, session_id: i64, old: &str, new: &str, origin: &Origin) -> anyhow::Result<ChangeOutcome> {
    if let Some(unfit) = fault(new, officer) {
        return Ok(ChangeOutcome::Unfit(unfit));
    }
    // Somebody at an open screen must not be able to guess on.
    let tried = match guesses::begin(app, &officer.email, Some(officer.id), origin).await? {
        Ok(tried) => tried,
        Err(held) => return Ok(ChangeOutcome::Held(held)),
    };
    let (hash, old) = (officer.password_hash.clone(), old.to_owned());
    if !super::at_leisure(move || matches(&hash, &old)).await? {
        guesses::note_failure(app, &tried, Some(officer.id), "old password").await?;
        return Ok(ChangeOutcome::WrongOld);
    }
    let new = new.to_owned();
    let hash = super::at_leisure(move || hash_password(&new)).await??;
    let mut conn = app.write().await?;
    conn.transaction(async |conn| {
        guesses::settle(conn, &tried).await?;
        accounts::set_password(conn, officer.id, &hash).await?;
        password_resets::delete_of(conn, officer.id).await?;
        sessions::delete_of_officer(conn, officer.id, Some(session_id)).await?;
        audit::note(conn, app.ids(), app.now(), &Actor::Officer(officer.id), "officer.password", ("officer", Some(officer.id)), json!({ "by": "owner" })).await
    })
    .await?;
    Ok(ChangeOutcome::Changed)
}

/// Makes a link, in the place of any before it, and mails it where there is a channel for mail.
pub async fn reset_link(app: &App, by: i64, officer: &OfficerRow) -> anyhow::Result<ResetLink> {
    let (token, now) = (ids::secret(), app.now());
    let url = app.url(&format!("/reset/{token}"));
    let row = ResetRow {
        id: app.next_id(),
        officer_id: officer.id,
        token_digest: sha256(token.as_bytes()).to_vec(),
        created_at: now,
        expires_at: now.plus_ms(LINK_MS),
        used_at: None,
    };
    let brand = &app.config().branding.name;
    let single = Address::parse(&officer.email).ok().map(|to| Single {
        purpose: Purpose::Code,
        source_id: row.id,
        to,
        from: None,
        channel: None,
        subject: Some(format!("Choose a new password for {brand}")),
        body: format!(
            "An administrator of {brand} made this link for you. It works once, until this time tomorrow:\n\n{url}\n\n\
             If you did not ask for a new password, tell your administrator; your password is as it was until the link is used."
        ),
        alert_id: None,
        conversation_id: None,
        in_reply_to: None,
        references: Vec::new(),
    });
    let mut conn = app.write().await?;
    let mailed = conn
        .transaction(async |conn| {
            password_resets::replace(conn, &row).await?;
            let queued = match single {
                Some(single) => enqueue::enqueue(conn, app, single).await?,
                None => EnqueueOutcome::NoChannel,
            };
            let mailed = matches!(queued, EnqueueOutcome::Queued(_));
            let detail = json!({ "mailed": mailed });
            audit::note(conn, app.ids(), now, &Actor::Officer(by), "officer.reset_link", ("officer", Some(officer.id)), detail).await?;
            if !mailed {
                let sentence = format!("A link for a new password of {} was shown to an administrator, since it could not be mailed", officer.name);
                notices::note(conn, &NoticeRow::of(app.next_id(), LINK_SHOWN, &officer.id.to_string(), sentence, now)).await?;
            }
            Ok::<_, diesel::result::Error>(mailed)
        })
        .await?;
    drop(conn);
    if mailed {
        app.wake().outbox();
    }
    Ok(ResetLink { url: (!mailed).then_some(url) })
}

/// Mails an officer about their own account; gives whether it could be queued.
pub(super) async fn tell(conn: &mut Conn, app: &App, officer: &OfficerRow, subject: &str, body: &str) -> diesel::QueryResult<bool> {
    let Ok(to) = Address::parse(&officer.email) else { return Ok(false) };
    let single = Single {
        purpose: Purpose::Code,
        source_id: app.next_id(),
        to,
        from: None,
        channel: None,
        subject: Some(subject.to_owned()),
        body: body.to_owned(),
        alert_id: None,
        conversation_id: None,
        in_reply_to: None,
        references: Vec::new(),
    };
    Ok(matches!(enqueue::enqueue(conn, app, single).await?, EnqueueOutcome::Queued(_)))
}

/// Whose password a link changes; none if it cannot be used any more.
pub async fn owner_of_link(app: &App, token: &str) -> diesel::QueryResult<Option<OfficerRow>> {
    let mut conn = app.read().await?;
    let Some(row) = password_resets::find(&mut conn, &sha256(token.as_bytes()), app.now()).await? else { return Ok(None) };
    Ok(accounts::find_officer(&mut conn, row.officer_id).await?.filter(|officer| officer.disabled_at.is_none()))
}

/// Sets a password by a link, once; every session of the officer ends.
pub async fn reset(app: &App, token: &str, new: &str) -> anyhow::Result<ChangeOutcome> {
    let now = app.now();
    let Some(officer) = owner_of_link(app, token).await? else { return Ok(ChangeOutcome::Stale) };
    if let Some(unfit) = fault(new, &officer) {
        return Ok(ChangeOutcome::Unfit(unfit));
    }
    let new = new.to_owned();
    let hash = super::at_leisure(move || hash_password(&new)).await??;
    let mut conn = app.write().await?;
    let done = conn
        .transaction(async |conn| {
            let Some(row) = password_resets::find(conn, &sha256(token.as_bytes()), now).await? else { return Ok(false) };
            if password_resets::mark_used(conn, row.id, now).await? == 0 {
                return Ok(false);
            }
            accounts::set_password(conn, officer.id, &hash).await?;
            sessions::delete_of_officer(conn, officer.id, None).await?;
            audit::note(conn, app.ids(), now, &Actor::Officer(officer.id), "officer.password", ("officer", Some(officer.id)), json!({ "by": "link" })).await?;
            Ok::<_, diesel::result::Error>(true)
        })
        .await?;
    Ok(if done { ChangeOutcome::Changed } else { ChangeOutcome::Stale })
}
