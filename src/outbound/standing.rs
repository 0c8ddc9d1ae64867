//! What is told of a channel that does not send: once, on the administrator's page, in the health check and on the page of
//! each alert that waits for it. It goes by itself with the first hand-over that is taken.

use diesel::QueryResult;

use super::breaker::Cause;
use super::dispatch::Turn;
use crate::app::App;
use crate::channels::SendError;
use crate::store::Conn;
use crate::store::notices::{self, NoticeRow};

/// The notice of a channel that does not send.
pub const NOT_SENDING: &str = "not_sending";

/// Tells what turned: an alarm when it opens, its end when it closes.
pub(super) async fn act(conn: &mut Conn, app: &App, channel: &str, turn: Turn, reason: Option<&SendError>) -> QueryResult<()> {
    match turn {
        Turn::None => {}
        Turn::Closed => {
            if notices::clear_subject(conn, NOT_SENDING, channel, app.now()).await? > 0 {
                tracing::info!(channel.name = %channel, "the channel sends again");
            }
            app.wake().outbox();
        }
        Turn::Opened(cause) => {
            let detail = told(cause, reason);
            tracing::error!(channel.name = %channel, %detail, "the channel does not send");
            let row = NoticeRow::of(app.next_id(), NOT_SENDING, channel, detail, app.now());
            notices::note(conn, &row).await?;
        }
    }
    Ok(())
}

fn told(cause: Cause, reason: Option<&SendError>) -> String {
    let why = reason.map_or_else(String::new, |error| format!(": {} ({})", error.detail, error.code));
    match cause {
        Cause::Outage => {
            format!("The provider does not take what we hand over{why}. Messages wait and are tried again by themselves where that may help.")
        }
        Cause::Ours => {
            format!("The provider refuses what we hand over{why}. Messages wait, none is marked as failed, and they go by themselves once this is put right.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_says_why_and_what_becomes_of_the_messages() {
        let refused = SendError::misconfigured("20003", "wrong token");
        let told_ours = told(Cause::Ours, Some(&refused));
        assert!(told_ours.contains("wrong token (20003)") && told_ours.contains("none is marked as failed"), "{told_ours}");
        assert!(told(Cause::Outage, None).starts_with("The provider does not take what we hand over."));
    }
}
