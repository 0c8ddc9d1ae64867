//! Whether a channel sends: what its last hand-overs say of it. An outage stands on the administrator's page, in the health
//! check and on the page of each alert that waits for it, and goes by itself with the first hand-over that is taken.

use std::collections::HashMap;

use diesel::QueryResult;

use crate::app::App;
use crate::channels::SendError;
use crate::store::notices::{self, NoticeRow};
use crate::store::{Conn, outbox};

/// The notice of a channel that does not send.
pub const NOT_SENDING: &str = "not_sending";
/// One address may be hard to reach: so many in a row are the channel.
const IN_A_ROW: u32 = 5;

/// What the recorder knows of each channel.
#[derive(Default)]
pub(super) struct Standing(HashMap<String, Known>);

#[derive(Default)]
struct Known {
    failed: u32,
    /// `None` before the first look: another process may have left a notice.
    noted: Option<bool>,
}

/// What is to be done about a channel's notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    Clear,
    Note(String),
}

impl Standing {
    /// Whether the channel is known not to send.
    pub(super) fn is_down(&self, channel: &str) -> bool {
        self.0.get(channel).is_some_and(|known| known.noted == Some(true))
    }

    /// Takes one result into account.
    pub(super) fn hear(&mut self, channel: &str, result: Result<(), &SendError>) -> Step {
        let known = self.0.entry(channel.to_owned()).or_default();
        match result {
            Ok(()) => {
                known.failed = 0;
                if known.noted.replace(false) == Some(false) { Step::Nothing } else { Step::Clear }
            }
            // The person's address, or a provider that asks for patience: the channel works.
            Err(error) if error.opted_out || error.retry_after_ms.is_some() || (!error.retryable && !error.ours && !error.doubtful) => Step::Nothing,
            Err(error) => {
                known.failed = known.failed.saturating_add(1);
                if known.noted == Some(true) || !(error.ours || known.failed >= IN_A_ROW) {
                    return Step::Nothing;
                }
                known.noted = Some(true);
                let cause = if error.ours { "refuses what we hand over" } else { "does not take what we hand over" };
                Step::Note(format!(
                    "The provider {cause}: {} ({}). Messages wait and are tried again by themselves where that may help.",
                    error.detail, error.code
                ))
            }
        }
    }
}

pub(super) async fn act(conn: &mut Conn, app: &App, channel: &str, step: Step) -> QueryResult<()> {
    match step {
        Step::Nothing => {}
        Step::Clear => {
            if notices::clear_subject(conn, NOT_SENDING, channel, app.now()).await? > 0 {
                // What an outage put off for minutes or hours need not wait them out.
                let hurried = outbox::hurry(conn, channel, app.now()).await?;
                if hurried > 0 {
                    app.wake().outbox();
                }
                tracing::info!(channel.name = %channel, "the channel sends again");
            }
        }
        Step::Note(detail) => {
            tracing::error!(channel.name = %channel, %detail, "the channel does not send");
            let now = app.now();
            let row = NoticeRow::of(app.next_id(), NOT_SENDING, channel, detail, now);
            notices::note(conn, &row).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_noted_once_and_goes_with_the_first_success() {
        let mut standing = Standing::default();
        let down = SendError::temporary("connect", "connection refused");
        for _ in 0..4 {
            assert_eq!(standing.hear("sms", Err(&down)), Step::Nothing);
        }
        assert!(matches!(standing.hear("sms", Err(&down)), Step::Note(detail) if detail.contains("connection refused")));
        assert_eq!(standing.hear("sms", Err(&down)), Step::Nothing);
        assert_eq!(standing.hear("mail", Ok(())), Step::Clear, "what another process left");
        assert_eq!(standing.hear("sms", Ok(())), Step::Clear);
        assert_eq!(standing.hear("sms", Ok(())), Step::Nothing);
    }

    #[test]
    fn our_own_fault_is_noted_at_once_and_a_bad_address_never() {
        let mut standing = Standing::default();
        for _ in 0..50 {
            assert_eq!(standing.hear("sms", Err(&SendError::permanent("21211", "not a number"))), Step::Nothing);
            assert_eq!(standing.hear("sms", Err(&SendError { retry_after_ms: Some(1_000), ..SendError::temporary("429", "slow down") })), Step::Nothing);
        }
        assert!(matches!(standing.hear("sms", Err(&SendError::ours("20003", "wrong token"))), Step::Note(_)));
    }
}
