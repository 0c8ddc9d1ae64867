//! Provider `smpp` against a message centre that is none of ours: npm's `smpp` in node, in `tests/peers/smsc.js`.
//!
//! What it is told and tells is one JSON object a line. Nothing here waits for a time to pass: each test waits for what the
//! other side says that it saw.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use diesel_async::RunQueryDsl;
use huecry::channels::sms::smpp::{Delivered, Smpp, TAKEN, TRY_AGAIN};
use huecry::channels::{Accepted, Hook, OutgoingText, SendError};
use huecry::config::{ChannelKindConfig, Config, SmppConfig, SmsProviderConfig};
use huecry::domain::Address;
use huecry::domain::delivery::Status;
use huecry::domain::inbound::{InboundEvent, InboundText};
use huecry::on;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::{envelopes, notices, suppressions};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::app::{TestApp, eventually};
use crate::support::checkout;
use crate::support::db::TestDb;

pub(crate) const OURS: &str = "+447700900001";
pub(crate) const THEIRS: &str = "+447700900123";
/// Nothing here takes as long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// The message centre; killed when this is dropped.
pub(crate) struct Centre {
    child: Child,
    commands: ChildStdin,
    events: mpsc::UnboundedReceiver<Value>,
    /// Told and not asked for yet.
    told: Vec<Value>,
    pub(crate) port: u16,
}

impl Centre {
    pub(crate) async fn start() -> Self {
        let folder = checkout().join("tests/peers");
        assert!(folder.join("node_modules/smpp").is_dir(), "no npm package smpp in tests/peers: run scripts/setup");
        let mut child = Command::new("node").arg("smsc.js").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()).lines());
        let (sender, events) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _test_ended = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut centre = Self { child, commands, events, told: Vec::new(), port: 0 };
        centre.port = u16::try_from(centre.expect("listening").await["port"].as_u64().unwrap()).unwrap();
        centre
    }

    /// The next event of this name; others are kept until they are asked for.
    pub(crate) async fn expect(&mut self, event: &str) -> Value {
        if let Some(at) = self.told.iter().position(|told| told["event"] == event) {
            return self.told.remove(at);
        }
        let next = async {
            loop {
                let told = self.events.recv().await.expect("the message centre ended");
                assert_ne!(told["event"], "error", "{told}");
                if told["event"] == event {
                    return told;
                }
                self.told.push(told);
            }
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap_or_else(|_| panic!("waited in vain for {event}"))
    }

    /// How many events of this name were told and not asked for.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.told.iter().filter(|told| told["event"] == event).count()
    }

    /// Has a command carried out; gives what was told of that.
    pub(crate) async fn tell(&mut self, command: Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        let done = self.expect("done").await;
        assert_eq!(done["do"], command["do"]);
        done
    }

    /// Delivers a text or a receipt; `more` are fields of the PDU beside the addresses.
    pub(crate) async fn deliver(&mut self, tag: &str, more: Value) {
        let mut pdu = json!({"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": &THEIRS[1..], "dest_addr_ton": 1, "dest_addr_npi": 1, "destination_addr": &OURS[1..]});
        pdu.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.tell(json!({"do": "deliver", "tag": tag, "pdu": pdu})).await;
    }
}

impl Drop for Centre {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A channel's configuration as it would stand in the file.
pub(crate) fn channel(port: u16, more: &str) -> String {
    format!(
        "[[channels]]\nname = \"bind\"\nkind = \"sms\"\nprovider = \"smpp\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n\
         system_id = \"force\"\npassword = \"secret08\"\nsystem_type = \"alert\"\nnumbers = [\"{OURS}\"]\nacknowledge = false\n{more}"
    )
}

fn settings(port: u16, more: &str) -> SmppConfig {
    let toml = format!("[server]\npublic_url = \"https://alert.example.org\"\n{}", channel(port, more));
    let config = Config::from_toml(&toml).unwrap_or_else(|faults| panic!("{faults:?}"));
    match &config.channels[0].kind {
        ChannelKindConfig::Sms(sms) => match &sms.provider {
            SmsProviderConfig::Smpp(settings) => settings.clone(),
            other => panic!("{other:?}"),
        },
        other @ ChannelKindConfig::Email(_) => panic!("{other:?}"),
    }
}

/// A session with its line kept by a task of its own.
struct Ours {
    smpp: Smpp,
    delivered: mpsc::Receiver<Delivered>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Ours {
    fn start(port: u16, more: &str) -> Self {
        let (smpp, stop) = (Smpp::new(settings(port, more)), CancellationToken::new());
        let (sender, delivered) = mpsc::channel(16);
        let (running, stopped) = (smpp.clone(), stop.clone());
        let task = tokio::spawn(async move { running.run(sender, stopped).await });
        Self { smpp, delivered, stop, task }
    }

    async fn bound(&self) {
        tokio::time::timeout(PATIENCE, self.smpp.bond().wait_for(Result::is_ok)).await.expect("a bind in time").unwrap();
    }

    async fn away(&self) -> SendError {
        tokio::time::timeout(PATIENCE, self.smpp.bond().wait_for(Result::is_err)).await.expect("the line to break in time").unwrap().clone().unwrap_err()
    }

    fn send(&self, body: &str) -> tokio::task::JoinHandle<Result<Accepted, SendError>> {
        let smpp = self.smpp.clone();
        let text = OutgoingText { delivery_id: 7, from: OURS.into(), to: THEIRS.into(), body: body.into(), status_url: String::new(), valid_for_s: None };
        tokio::spawn(async move { smpp.send(&text).await })
    }

    async fn next(&mut self) -> Delivered {
        tokio::time::timeout(PATIENCE, self.delivered.recv()).await.expect("a delivery in time").unwrap()
    }

    /// The next delivered text, taken.
    async fn text(&mut self) -> InboundText {
        let delivered = self.next().await;
        delivered.answer.send(TAKEN).unwrap();
        match self.smpp.parse(&delivered.pdu).unwrap().pop() {
            Some(InboundEvent::Text(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    async fn end(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.task).await.expect("the session to end in time").unwrap();
    }
}

async fn both(more: &str) -> (Centre, Ours) {
    let centre = Centre::start().await;
    let ours = Ours::start(centre.port, more);
    ours.bound().await;
    (centre, ours)
}

fn id(accepted: Result<Accepted, SendError>) -> String {
    accepted.unwrap().provider_message_id
}

#[test]
fn settings_that_the_protocol_cannot_hold_are_told() {
    let wrong = "[server]\npublic_url = \"https://alert.example.org\"\n[[channels]]\nname = \"bind\"\nkind = \"sms\"\nprovider = \"smpp\"\ntls = \"starttls\"\n\
         system_id = \"sixteen letters!\"\npassword = \"nine-long\"\nsystem_type = \"Tŷ\"\nwindow = 0\nresponse_timeout_s = 13\nsource_ton = 99\nlong = \"cut\"\n\
         message_id_radix = \"octal\"\ndefault_alphabet = \"gsm8\"\n";
    let told: Vec<String> = Config::from_toml(wrong).unwrap_err().iter().map(ToString::to_string).collect();
    for key in
        "host, tls, system_id, password, system_type, window, response_timeout_s, source_ton, long, message_id_radix, default_alphabet, numbers".split(", ")
    {
        assert!(told.iter().any(|fault| fault.starts_with(&format!("channels[0].{key}: "))), "{key}: {told:#?}");
    }
    assert_eq!(told.len(), 12, "{told:#?}");
    assert!(!told.concat().contains("nine-long"));
}

#[tokio::test]
async fn a_text_is_handed_over_and_its_receipt_names_it() {
    let (mut centre, mut ours) = both("").await;
    let bind = centre.expect("bind").await;
    assert_eq!(
        (&bind["system_id"], &bind["password"], &bind["system_type"], &bind["version"]),
        (&json!("force"), &json!("secret08"), &json!("alert"), &json!(0x34))
    );

    let accepted = id(ours.send("Seen a van? Reply @ [£5] €").await.unwrap());
    let seen = centre.expect("submitted").await;
    assert_eq!(seen["text"], "Seen a van? Reply @ [£5] €");
    assert_eq!((&seen["source"], &seen["destination"], &seen["source_ton"]), (&json!(&OURS[1..]), &json!(&THEIRS[1..]), &json!(1)));
    assert_eq!((&seen["data_coding"], &seen["esm_class"], &seen["registered_delivery"]), (&json!(0), &json!(0), &json!(1)));
    assert_eq!((seen["id"].as_str().unwrap(), accepted.as_str()), ("0000AB01", "ab01"));

    let words = "id:0000ab01 sub:001 dlvrd:001 submit date:2611221159 done date:2611221200 stat:DELIVRD err:000 text:Seen a van? Reply @";
    for more in [json!({}), json!({"receipted_message_id": "0000AB01", "message_state": 2})] {
        let mut pdu = json!({"esm_class": 4, "data_coding": 0, "short_message": words});
        pdu.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        centre.deliver("receipt", pdu).await;
        let delivered = ours.next().await;
        let (hook, verified) = ours.smpp.introduce(&delivered.pdu);
        assert_eq!((hook, verified.provider_id.as_deref(), verified.correspondent.as_deref()), (Hook::Status, Some("ab01:DELIVRD:2611221159"), Some(THEIRS)));
        let Some(InboundEvent::Receipt(receipt)) = ours.smpp.parse(&delivered.pdu).unwrap().pop() else { panic!("no receipt") };
        assert_eq!((receipt.provider_message_id, receipt.status), (accepted.clone(), Some(Status::Delivered)));
        delivered.answer.send(TAKEN).unwrap();
        assert_eq!(centre.expect("delivered").await["status"], TAKEN);
    }

    let welsh = id(ours.send("Tŷ gwag 😀").await.unwrap());
    let seen = centre.expect("submitted").await;
    assert_eq!((welsh.as_str(), &seen["text"], &seen["data_coding"]), ("ab02", &json!("Tŷ gwag 😀"), &json!(8)));
    ours.end().await;
    centre.expect("unbound").await;
}

#[tokio::test]
async fn an_id_that_is_hexadecimal_first_and_decimal_then_is_one_id() {
    let (mut centre, mut ours) = both("message_id_radix = \"hex_then_decimal\"\n").await;
    let accepted = id(ours.send("hello").await.unwrap());
    centre
        .deliver("receipt", json!({"esm_class": 4, "data_coding": 0, "short_message": format!("id:{:010} sub:001 dlvrd:001 stat:DELIVRD err:000", 0xab01)}))
        .await;
    let delivered = ours.next().await;
    let Some(InboundEvent::Receipt(receipt)) = ours.smpp.parse(&delivered.pdu).unwrap().pop() else { panic!("no receipt") };
    assert_eq!(receipt.provider_message_id, accepted);
}

#[tokio::test]
async fn nothing_delivered_is_answered_before_its_taker_says_so() {
    let (mut centre, mut ours) = both("").await;
    centre.deliver("first", json!({"data_coding": 0, "short_message": "I saw it"})).await;
    let first = ours.next().await;
    // The line goes on meanwhile: it answers an enquiry, and would have answered the text before it.
    assert_eq!(centre.tell(json!({"do": "enquire"})).await["waiting"], json!(["first"]));
    assert!(ours.send("meanwhile").await.unwrap().is_ok());
    centre.deliver("second", json!({"data_coding": 0, "short_message": "Me too"})).await;
    let second = ours.next().await;
    assert_eq!(centre.tell(json!({"do": "enquire"})).await["waiting"], json!(["first", "second"]));

    second.answer.send(TAKEN).unwrap();
    assert_eq!(centre.expect("delivered").await, json!({"event": "delivered", "tag": "second", "status": TAKEN}));
    first.answer.send(TRY_AGAIN).unwrap();
    assert_eq!(centre.expect("delivered").await, json!({"event": "delivered", "tag": "first", "status": TRY_AGAIN}));

    // Sent again it is the same bytes, though it has another number on the line. A taker that died says nothing.
    centre.deliver("again", json!({"data_coding": 0, "short_message": "I saw it"})).await;
    let again = ours.next().await;
    assert_eq!(again.pdu, first.pdu);
    drop(again);
    assert_eq!(centre.expect("delivered").await["status"], TRY_AGAIN);
}

#[tokio::test]
async fn what_nobody_takes_is_to_come_again() {
    let (mut centre, ours) = both("").await;
    // Ours takes 16 at once.
    for number in 0..20 {
        centre.deliver(&number.to_string(), json!({"data_coding": 0, "short_message": "x"})).await;
    }
    for number in 16..20 {
        assert_eq!(centre.expect("delivered").await, json!({"event": "delivered", "tag": number.to_string(), "status": TRY_AGAIN}));
    }
    assert_eq!(centre.tell(json!({"do": "enquire"})).await["waiting"].as_array().unwrap().len(), 16);
    drop(ours);
}

#[tokio::test]
async fn every_coding_that_phones_use_is_read() {
    let (mut centre, mut ours) = both("").await;
    for (pdu, text) in [
        (json!({"data_coding": 0, "short_message": "£1 [at] the café_€"}), "£1 [at] the café_€"),
        (json!({"data_coding": 3, "short_message": "Où est-ce?"}), "Où est-ce?"),
        (json!({"data_coding": 8, "short_message": "Llanfair ŷ 😀"}), "Llanfair ŷ 😀"),
        (json!({"data_coding": 8, "message_payload": {"message": "ŵ".repeat(200)}}), &"ŵ".repeat(200)),
        // TS 23.038 annex A.2: Spanish, Portuguese, Turkish.
        (json!({"data_coding": 0, "udh": "03240102", "short_message": "¿Dónde está aquí?"}), "¿Dónde está aquí?"),
        (json!({"data_coding": 0, "udh": "06250103240103", "short_message": "Não há"}), "Não há"),
    ] {
        centre.deliver("text", pdu).await;
        let read = ours.text().await;
        assert_eq!((read.text.as_str(), read.from.as_str(), read.to.as_str(), read.part), (text, THEIRS, OURS, None));
    }
    for (udh, reference, number) in [("0500032a0201", "8:42", 1), ("06080401020202", "16:258", 2)] {
        centre.deliver("part", json!({"data_coding": 0, "udh": udh, "short_message": "a part"})).await;
        let read = ours.text().await;
        let part = read.part.unwrap();
        assert_eq!((read.text.as_str(), part.reference.as_str(), part.total, part.number), ("a part", reference, 2, number));
    }
}

#[tokio::test]
async fn refusals_mean_what_they_say_and_the_line_goes_on() {
    let (mut centre, ours) = both("").await;
    centre.tell(json!({"do": "answer", "statuses": [0x58, 0x0b, 0x0a]})).await;
    let throttled = ours.send("one").await.unwrap().unwrap_err();
    assert_eq!((throttled.code.as_str(), throttled.retryable, throttled.doubtful, throttled.retry_after_ms), ("0x58", true, false, Some(1_000)));
    let bad = ours.send("two").await.unwrap().unwrap_err();
    assert_eq!((bad.code.as_str(), bad.retryable, bad.ours), ("0x0b", false, false));
    let sender = ours.send("three").await.unwrap().unwrap_err();
    assert_eq!((sender.code.as_str(), sender.retryable, sender.ours), ("0x0a", true, true));
    assert!(ours.send("four").await.unwrap().is_ok());
}

#[tokio::test]
async fn a_long_text_arrives_in_parts_in_their_order() {
    let (mut centre, ours) = both("").await;
    let body = "Police appeal. A red van was seen [twice] near Mill Lane; did you see who drove it, or where it went? ".repeat(4);
    // The second part only after the carrier's wish for patience.
    centre.tell(json!({"do": "answer", "statuses": [0, 0x58]})).await;
    assert_eq!(id(ours.send(&body).await.unwrap()), "ab01", "the first part's");
    let (mut joined, mut heads) = (String::new(), Vec::new());
    for _ in 0..4 {
        let seen = centre.expect("submitted").await;
        if seen["status"] == 0 {
            joined.push_str(seen["text"].as_str().unwrap());
            heads.push(seen["udh"][0].as_str().unwrap().to_owned());
            assert_eq!(seen["esm_class"], 0x40);
        }
    }
    assert_eq!(joined, body);
    let reference = &heads[0][4..6];
    assert_eq!(heads, [1, 2, 3].map(|number| format!("0003{reference}03{number:02x}")));

    centre.tell(json!({"do": "answer", "statuses": [0x45]})).await;
    let first = ours.send(&body).await.unwrap().unwrap_err();
    assert!(first.retryable && !first.doubtful, "nothing is out: {first}");
    centre.tell(json!({"do": "answer", "statuses": [0, 0x45]})).await;
    let later = ours.send(&body).await.unwrap().unwrap_err();
    assert!(!later.retryable && later.doubtful && later.code == "0x45", "a part is out: {later}");
}

#[tokio::test]
async fn a_long_text_goes_whole_where_the_message_centre_cuts_it() {
    let (mut centre, ours) = both("long = \"payload\"\n").await;
    let body = "Did you see it? ".repeat(30);
    assert!(ours.send(&body).await.unwrap().is_ok());
    let seen = centre.expect("submitted").await;
    assert_eq!((seen["payload"].as_str().unwrap(), &seen["esm_class"], &seen["udh"]), (body.as_str(), &json!(0), &json!([])));
}

#[tokio::test]
async fn no_more_are_under_way_than_the_window_allows() {
    let (mut centre, ours) = both("window = 2\n").await;
    centre.tell(json!({"do": "hold"})).await;
    let sending: Vec<_> = (0..5).map(|number| ours.send(&number.to_string())).collect();
    for _ in 0..2 {
        centre.expect("held").await;
    }
    // Whatever else was on the line would have come before the answer to this.
    centre.tell(json!({"do": "enquire"})).await;
    assert_eq!(centre.count("held"), 0, "a third came");
    centre.tell(json!({"do": "release"})).await;
    for sent in sending {
        assert!(sent.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn what_was_under_way_when_the_line_broke_is_in_doubt_and_the_next_goes_over_a_new_one() {
    let (mut centre, ours) = both("").await;
    centre.expect("bind").await;
    centre.tell(json!({"do": "hold"})).await;
    let under_way = ours.send("one");
    centre.expect("held").await;
    centre.tell(json!({"do": "drop"})).await;
    let doubtful = under_way.await.unwrap().unwrap_err();
    assert!(doubtful.doubtful && !doubtful.retryable, "{doubtful}");
    // Already while the line is away: it is waited for.
    centre.tell(json!({"do": "release"})).await;
    let next = ours.send("two");
    centre.expect("bind").await;
    assert!(next.await.unwrap().is_ok());

    centre.tell(json!({"do": "unbind"})).await;
    centre.expect("closed").await;
    centre.expect("bind").await;
    ours.bound().await;
    assert!(ours.send("three").await.unwrap().is_ok());
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_ends_the_bind() {
    let (mut centre, mut ours) = both("").await;
    centre.tell(json!({"do": "hold"})).await;
    let under_way = ours.send("one");
    centre.expect("held").await;
    centre.deliver("text", json!({"data_coding": 0, "short_message": "I saw it"})).await;
    let delivered = ours.next().await;
    ours.stop.cancel();
    ours.away().await;
    let refused = ours.send("two").await.unwrap().unwrap_err();
    assert!(refused.retryable && !refused.doubtful, "it never left: {refused}");
    centre.tell(json!({"do": "release"})).await;
    assert!(under_way.await.unwrap().is_ok());
    delivered.answer.send(TAKEN).unwrap();
    assert_eq!(centre.expect("delivered").await["status"], TAKEN);
    centre.expect("unbound").await;
    ours.end().await;
}

#[tokio::test]
async fn a_bind_that_is_refused_is_our_fault_and_said_at_once() {
    let mut centre = Centre::start().await;
    centre.tell(json!({"do": "bind_status", "status": 0x0e})).await;
    let ours = Ours::start(centre.port, "response_timeout_s = 12\n");
    centre.expect("bind").await;
    let refused = ours.send("hello").await.unwrap().unwrap_err();
    assert!(refused.ours && refused.retryable && refused.code == "0x0e", "{refused}");
    assert!(refused.detail.contains("password") && !refused.to_string().contains("secret08"), "{refused}");
    ours.end().await;
}

/// A message centre of the test's own, for what a sound one does not do: takes a bind and gives the connection.
async fn take_bind(listener: &TcpListener, beside: &[u8]) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let bind = read_pdu(&mut stream).await;
    assert_eq!(bind[4..16], [0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1]);
    let answer = [&[0, 0, 0, 18, 0x80, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, b'x', 0], beside].concat();
    stream.write_all(&answer).await.unwrap();
    stream
}

async fn read_pdu(stream: &mut TcpStream) -> Vec<u8> {
    let mut pdu = vec![0; 4];
    stream.read_exact(&mut pdu).await.unwrap();
    let length = u32::from_be_bytes(pdu[..4].try_into().unwrap());
    pdu.resize(length.try_into().unwrap(), 0);
    stream.read_exact(&mut pdu[4..]).await.unwrap();
    pdu
}

#[tokio::test]
async fn a_line_that_is_silent_or_out_of_step_is_given_up_for_a_new_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut ours = Ours::start(listener.local_addr().unwrap().port(), "enquire_link_s = 1\nresponse_timeout_s = 1\n");
    let trial = async {
        // What comes with the answer to the bind, in one segment, is heard; what is not known is said so.
        let mut text = b"\0\x01\x01447700900123\0\x01\x01447700900001\0\0\0\0\0\0\0\0\0\0\x02hi".to_vec();
        let mut pdu = u32::try_from(16 + text.len()).unwrap().to_be_bytes().to_vec();
        pdu.extend([0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 77]);
        pdu.append(&mut text);
        let unknown = [0, 0, 0, 16, 0, 0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 78];
        let mut silent = take_bind(&listener, &[&pdu[..], &unknown].concat()).await;
        assert_eq!(read_pdu(&mut silent).await[4..16], [0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 78]);
        assert_eq!(ours.text().await.text, "hi");
        assert_eq!(read_pdu(&mut silent).await[4..16], [0x80, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 77]);
        assert_eq!(read_pdu(&mut silent).await[4..8], [0, 0, 0, 0x15], "an enquiry, which it does not answer");
        let mut confused = take_bind(&listener, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        assert_eq!(confused.read(&mut [0; 64]).await.unwrap_or(0), 0, "it is closed");
        let sound = take_bind(&listener, b"").await;
        ours.bound().await;
        drop(sound);
    };
    tokio::time::timeout(PATIENCE, trial).await.expect("three lines in time");
}

async fn rename_table(db: &TestDb, from: &str, to: &str) {
    let mut conn = db.write().await;
    on!(&mut conn, c => diesel::sql_query(format!("ALTER TABLE {from} RENAME TO {to}")).execute(c).await).unwrap();
}

on_both!(what_is_delivered_is_stored_and_a_stop_takes_effect_before_it_is_answered, async |db| {
    let mut centre = Centre::start().await;
    let t = TestApp::start_with(db, &channel(centre.port, ""), true).await;
    centre.expect("bind").await;
    centre.deliver("stop", json!({"data_coding": 0, "short_message": "STOP"})).await;
    assert_eq!(centre.expect("delivered").await["status"], TAKEN);
    let key = t.app.match_key(&Address::parse(THEIRS).unwrap());
    let suppressed = suppressions::find_standing(&mut db.read().await, &key, "sms").await.unwrap();
    assert_eq!(suppressed.map(|row| row.evidence.to_lowercase()).as_deref(), Some("a text to us, by the rule \"word\""));

    // What cannot be read as a text is kept as well, and parked with the reason.
    centre.deliver("binary", json!({"data_coding": 4, "hex": "00010203"})).await;
    assert_eq!(centre.expect("delivered").await["status"], TAKEN);
    let parked = eventually("the envelope to be parked", async || envelopes::list_parked(&mut db.read().await, 9).await.unwrap().pop()).await;
    assert!(parked.reason.is_some_and(|reason| reason.contains("data_coding 0x04")));

    // Without its table nothing can be stored: the message centre keeps it.
    rename_table(db, "envelopes", "away").await;
    centre.deliver("kept", json!({"data_coding": 0, "short_message": "I saw it"})).await;
    assert_eq!(centre.expect("delivered").await["status"], TRY_AGAIN);
    rename_table(db, "away", "envelopes").await;
    centre.deliver("kept", json!({"data_coding": 0, "short_message": "I saw it"})).await;
    assert_eq!(centre.expect("delivered").await["status"], TAKEN);
    t.stop().await;
    centre.expect("unbound").await;
});

on_both!(a_stop_that_comes_while_a_text_waits_for_its_place_in_the_window_is_heeded, async |db| {
    let mut centre = Centre::start().await;
    let t = TestApp::start_with(db, &channel(centre.port, "window = 1\n"), true).await;
    centre.expect("bind").await;
    centre.tell(json!({"do": "hold"})).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    let row = |to: &str| DeliveryRow { channel: "bind".into(), sender: OURS.into(), ..db.new_delivery(&alert, to) };
    let (first, second) = (row("07700 900101"), row("07700 900102"));
    deliveries::insert(&mut db.write().await, vec![first.clone(), second.clone()]).await.unwrap();
    t.app.wake().outbox();
    centre.expect("held").await;
    let status = async |id: i64| deliveries::find(&mut db.read().await, id).await.unwrap().unwrap().status;
    eventually("the other to be claimed", async || (status(second.id).await == "sending").then_some(())).await;
    // Whichever of the two has the place: both opt out, and the one that waits is not handed over.
    for who in ["07700 900101", "07700 900102"] {
        suppressions::suppress(&mut db.write().await, &db.new_suppression(who, "sms", None)).await.unwrap();
    }
    // What was claimed so lately may leave all the same.
    let began = std::time::Instant::now();
    eventually("half a second", async || (began.elapsed() > Duration::from_millis(600)).then_some(())).await;
    centre.tell(json!({"do": "release"})).await;
    let mut ended = eventually("both to end", async || {
        let both = [status(first.id).await, status(second.id).await];
        both.iter().all(|status| ["accepted", "suppressed"].contains(&status.as_str())).then_some(both)
    })
    .await;
    ended.sort();
    assert_eq!(ended, ["accepted", "suppressed"]);
    centre.tell(json!({"do": "enquire"})).await;
    assert_eq!(centre.count("held") + centre.count("submitted"), 1, "a second text was handed over");
    t.stop().await;
});

on_both!(a_bind_that_is_refused_stands_as_a_notice_and_in_the_health_check, async |db| {
    let mut centre = Centre::start().await;
    centre.tell(json!({"do": "bind_status", "status": 0x0f})).await;
    let t = TestApp::start_with(db, &channel(centre.port, ""), true).await;
    let notice = eventually("the notice", async || notices::list_of_kind(&mut db.read().await, "not_bound").await.unwrap().pop()).await;
    assert!(notice.subject == "bind" && notice.detail.contains("check system_id"), "{notice:?}");
    let ready: Value = serde_json::from_str(&t.http().get(format!("{}/readyz", t.url)).send().await.unwrap().text().await.unwrap()).unwrap();
    let bind = ready["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "bind").unwrap();
    assert_eq!((&bind["ok"], &bind["provider"]), (&json!(false), &json!("smpp")), "{bind}");
    t.stop().await;
});
