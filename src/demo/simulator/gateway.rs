//! Calls to the gateway: one POST with a carrier's patience.
//!
//! Owns: time-outs, retries, what counts as taken. Must not: know what it carries or keep anything.
//! Data: from the webhook builders to the gateway's URL; the answer goes back to be shown on the page.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Client;

const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// One request, ready to be made more than once.
pub(crate) struct Call {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

/// How often to try, and how long to wait between tries. The wait doubles up to `longest`.
pub(crate) struct Patience {
    pub(crate) tries: u32,
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A 2xx: the gateway has it.
    Taken(u16),
    /// Any other status, after the last try.
    Refused(u16),
    /// No answer at all, after the last try.
    Unreachable,
}

/// The HTTP client every call is made with. It follows no redirect and asks no proxy: the gateway is on this machine.
pub(crate) fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(CALL_TIMEOUT).tcp_nodelay(true).build()?)
}

/// Makes the call until it is taken, definitely refused, or patience ends. Gives the answer and the number of tries.
pub(crate) async fn post(client: &Client, call: &Call, patience: &Patience) -> (Answer, u32) {
    let mut wait = patience.first;
    let mut tries = 1;
    loop {
        let answer = once(client, call).await;
        if !answer.may_heal() || tries >= patience.tries {
            return (answer, tries);
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(patience.longest);
        tries += 1;
    }
}

async fn once(client: &Client, call: &Call) -> Answer {
    let mut request = client.post(&call.url).body(call.body.clone());
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    match request.send().await {
        Ok(response) if response.status().is_success() => Answer::Taken(response.status().as_u16()),
        Ok(response) => Answer::Refused(response.status().as_u16()),
        Err(error) => {
            tracing::debug!(%error, "simulator.gateway.unreachable");
            Answer::Unreachable
        }
    }
}

impl Answer {
    /// A refusal that is about this request (a bad signature, no such channel) will not change by asking again.
    fn may_heal(self) -> bool {
        match self {
            Self::Taken(_) => false,
            Self::Refused(status) => status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Unreachable => true,
        }
    }
}
