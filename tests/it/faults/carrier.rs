//! A carrier as a process of its own: it speaks its vendor's wire format, answers after a millisecond, and keeps a file of
//! every hand-over that it took, with the moment by its own clock. That file is what the tests hold against what was asked.
//!
//! The process is this test binary once more, told by a variable to be the carrier.

mod desk;
mod mail;
mod serve;
mod wire;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::program::process::free_port;
use crate::support::app::eventually;

/// `PORT MAIL-PORT CONTROL-PORT FILE`: be the carrier.
const BE_THE_CARRIER: &str = "HUECRY_TEST_CARRIER";
/// The test by which the process gets there.
const ENTRY: &str = "faults::carrier::every_hand_over_that_was_answered_is_in_the_carriers_file";

/// Whose wire format a gateway speaks with the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Road {
    /// Can be asked by our reference whether it took a text.
    Notify,
    /// Cannot be asked.
    VonageSms,
    /// Can be asked, by number and words; signs its webhooks.
    Twilio,
    /// A mail relay, which cannot be asked either.
    Smtp,
}

/// How the carrier treats what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mood {
    /// Takes everything.
    Steady,
    /// Nobody listens.
    Refuse,
    /// Takes every second one, and never answers.
    Hang,
    /// Answers 500 and takes nothing.
    Fault,
    /// Answers 429 with `Retry-After: 1` and takes nothing.
    Busy,
}

/// A text that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HandOver {
    /// By the carrier's clock: microseconds since 1970.
    pub(super) at_us: i64,
    pub(super) to: String,
    /// Our id of the delivery.
    pub(super) reference: String,
    pub(super) body: String,
}

/// What the carrier counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Hand-overs taken, as many as there are in the file.
    pub(super) taken: usize,
    /// Of these, answered by nothing: the connection was cut or left hanging.
    pub(super) unanswered: usize,
    /// Requests that were not taken, by its mood.
    pub(super) turned_away: usize,
}

/// The process and its file; killed when this is dropped.
pub(super) struct Carrier {
    child: Child,
    port: u16,
    mail: u16,
    control: String,
    file: PathBuf,
    http: reqwest::Client,
}

impl Road {
    /// Whether the provider can tell what became of a hand-over whose answer was lost.
    pub(super) fn can_be_asked(self) -> bool {
        !matches!(self, Self::VonageSms | Self::Smtp)
    }

    /// What a channel that goes there carries.
    pub(super) fn kind(self) -> &'static str {
        if self == Self::Smtp { "email" } else { "sms" }
    }

    /// A channel for texts that goes there.
    fn channel(self, base: &str, token: &str, number: &str) -> String {
        let own = match self {
            Self::Notify => {
                let id = "8d1c5f2a-3b4c-4d5e-8f60-718293a4b5c6";
                format!("provider = \"notify\"\napi_key = \"ours-{id}-{id}\"\ntemplate_id = \"{id}\"\nbearer_token = \"{token}\"\n")
            }
            Self::VonageSms => format!("provider = \"vonage_sms\"\napi_key = \"abcd1234\"\napi_secret = \"secret\"\nsignature_secret = \"{token}\"\n"),
            // The other is for mail.
            Self::Twilio | Self::Smtp => format!("provider = \"twilio\"\naccount_sid = \"ACtest\"\nauth_token = \"{token}\"\n"),
        };
        format!("[[channels]]\nname = \"sms\"\nkind = \"sms\"\n{own}numbers = [\"{number}\"]\napi_base = \"{base}\"\nacknowledge = false\n")
    }
}

impl Carrier {
    /// Starts it, taking everything, with its file in this folder.
    pub(super) async fn start(folder: &Path) -> Self {
        crate::support::install_tls();
        let (port, mail, control, file) = (free_port(), free_port(), free_port(), folder.join("carrier.jsonl"));
        let child = Command::new(std::env::current_exe().unwrap())
            .args([ENTRY, "--exact", "--nocapture", "--test-threads=1"])
            .env(BE_THE_CARRIER, format!("{port} {mail} {control} {}", file.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        let carrier = Self { child, port, mail, control: format!("http://127.0.0.1:{control}"), file, http };
        eventually("the carrier to answer", async || carrier.http.get(format!("{}/tally", carrier.control)).send().await.ok()).await;
        carrier
    }

    /// Where its API is for a node, counted from 1: each has an address of its own, so that its connections can be told apart.
    pub(super) fn base(&self, node: usize) -> String {
        format!("http://127.0.0.{node}:{}", self.port)
    }

    /// The channel of a node, counted from 1, that goes there by this road.
    pub(super) fn channel(&self, road: Road, node: usize, token: &str, number: &str) -> String {
        if road != Road::Smtp {
            return road.channel(&self.base(node), token, number);
        }
        format!(
            "[[channels]]\nname = \"mail\"\nkind = \"email\"\nprovider = \"smtp\"\naddress = \"alerts@reply.example.org\"\nsmtp_host = \"127.0.0.{node}\"\n\
             smtp_port = {}\nsmtp_tls = \"none\"\nacknowledge = false\n",
            self.mail
        )
    }

    async fn told(&self, what: &str) -> String {
        let answer = self.http.post(format!("{}/{what}", self.control)).send().await.unwrap();
        assert!(answer.status().is_success(), "the carrier does not know {what}");
        answer.text().await.unwrap()
    }

    /// From when this returns on: then whoever connects is listened to, or is not.
    pub(super) async fn be(&self, mood: Mood) {
        self.told(&format!("mood/{}", serde_json::to_string(&mood).unwrap().trim_matches('"'))).await;
        for port in [self.port, self.mail] {
            eventually("the carrier to listen or not", async || {
                let listens = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok();
                (listens == (mood != Mood::Refuse)).then_some(())
            })
            .await;
        }
    }

    /// One in so many is taken and not answered, cut and hanging by turns; 0 for none.
    pub(super) async fn lapse_every(&self, count: usize) {
        self.told(&format!("lapse/{count}")).await;
    }

    /// What it has counted.
    pub(super) async fn tally(&self) -> Tally {
        serde_json::from_str(&self.told("tally").await).unwrap()
    }

    /// Waits until it has dealt with everything that a node sent which is dead now.
    pub(super) async fn is_done_with(&self, node: usize) {
        // The queue of those who knock is served in order: once this is answered, all who knocked before were let in.
        let knocked = self.http.get(format!("{}/knock", self.base(node))).header("connection", "close").send().await.unwrap();
        assert!(knocked.status().is_success());
        let knocked = tokio::net::TcpStream::connect((format!("127.0.0.{node}"), self.mail)).await.unwrap();
        let mut greeting = [0];
        assert_eq!(tokio::io::AsyncReadExt::read(&mut { knocked }, &mut greeting).await.unwrap(), 1);
        eventually("the dead node's connections to be gone", async || (self.told(&format!("open/{node}")).await == "0").then_some(())).await;
    }

    /// Waits until it has taken so many.
    pub(super) async fn has_taken(&self, least: usize) {
        let (mut tick, began) = (tokio::time::interval(Duration::from_millis(4)), std::time::Instant::now());
        loop {
            let tally = self.tally().await;
            if tally.taken >= least {
                return;
            }
            // Longer than all leases after one another.
            assert!(began.elapsed() < Duration::from_secs(180), "the carrier was to take {least} and has {tally:?}");
            tick.tick().await;
        }
    }

    /// Everything that it took, in the order in which it did.
    pub(super) fn file(&self) -> Vec<HandOver> {
        let text = std::fs::read_to_string(&self.file).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        // It runs until then.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hand_over_that_was_answered_is_in_the_carriers_file() {
    if let Ok(order) = std::env::var(BE_THE_CARRIER) {
        return serve::run(&order).await;
    }
    let folder = tempfile().await;
    let carrier = Carrier::start(&folder).await;
    let send = async |n: usize| {
        let form = [("to", format!("447700900{n:03}")), ("text", format!("Text {n}")), ("client-ref", n.to_string())];
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = carrier.http.post(format!("{}/sms/json", carrier.base(1))).header("content-type", "application/x-www-form-urlencoded").body(form);
        request.send().await.map(|answer| answer.status().as_u16()).ok()
    };
    carrier.lapse_every(2).await;
    assert_eq!((send(1).await, send(2).await), (Some(200), None), "the second is cut off");
    carrier.lapse_every(0).await;
    for (mood, answer) in [(Mood::Fault, Some(500)), (Mood::Busy, Some(429)), (Mood::Refuse, None), (Mood::Steady, Some(200))] {
        carrier.be(mood).await;
        assert_eq!(send(3).await, answer, "{mood:?}");
    }
    let taken: Vec<(String, String, String)> = carrier.file().into_iter().map(|taken| (taken.to, taken.reference, taken.body)).collect();
    let expected = [1, 2, 3].map(|n| (format!("+447700900{n:03}"), n.to_string(), format!("Text {n}")));
    assert_eq!(taken, expected, "what was cut off was taken all the same; what was turned away was not");
    assert_eq!(carrier.tally().await, Tally { taken: 3, unanswered: 1, turned_away: 2 });
    carrier.is_done_with(2).await;
    std::fs::remove_dir_all(folder).unwrap();
}

async fn tempfile() -> PathBuf {
    let folder = std::env::var_os("HUECRY_TEST_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("carrier_{}_{}", std::process::id(), huecry::domain::ids::public_id()));
    tokio::fs::create_dir_all(&folder).await.unwrap();
    folder
}
