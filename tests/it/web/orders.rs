//! What happens to one text in every order in which it can happen: the end is always the same, on both databases.
//!
//! The carrier is the test's own and holds back its answer; workers are run by hand, so that each step is over before the next.

use diesel::sql_query;
use diesel_async::RunQueryDsl;
use huecry::domain::At;
use huecry::on;
use huecry::outbound::dispatch::Dispatcher;
use huecry::store::alerts::AlertRow;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::{conversations, correspondents, messages, number_faults, provider_blocks, receipts, residents, suppressions};
use tokio::sync::mpsc::UnboundedReceiver;

use super::receipts::{HandOver, NUMBER, carrier, receipt};
use super::{post_signed, text_form};
use crate::support::app::{ACCOUNT, TestApp, eventually};
use crate::support::db::TestDb;
use crate::support::rows::key;

/// One thing that happens to a text of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The carrier's answer that it took it, recorded.
    Taken,
    /// The carrier's answer that it is no number to text, recorded.
    Refused,
    /// A receipt with this word and code.
    Says(&'static str),
    /// The same receipt as the carrier sends it when it has lost our answer: with a field more.
    Retries(&'static str),
    /// Their answer to the alert.
    Reply,
    /// Their STOP.
    Stop,
}

/// Every order of these.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    if steps.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (at, first) in steps.iter().enumerate() {
        // Two that are the same change places unseen.
        if steps[..at].contains(first) {
            continue;
        }
        let rest = [&steps[..at], &steps[at + 1..]].concat();
        all.extend(orders(&rest).into_iter().map(|rest| [&[*first], &rest[..]].concat()));
    }
    all
}

/// The gateway without its workers, a carrier that waits, and an alert to send by it.
struct Bench<'a> {
    t: TestApp,
    db: &'a TestDb,
    told: UnboundedReceiver<HandOver>,
    dispatcher: Dispatcher,
    alert: AlertRow,
    /// How many texts there were.
    count: usize,
}

/// A text that the carrier has and has not answered.
struct Under {
    id: i64,
    phone: String,
    sid: String,
    callback: String,
    hand_over: Option<HandOver>,
}

impl<'a> Bench<'a> {
    async fn start(db: &'a TestDb) -> Self {
        let (channel, told) = carrier().await;
        let t = TestApp::start_with(db, &channel, false).await;
        let alert = db.add_alert(t.owner.id, &[]).await;
        let (dispatcher, _recorder) = Dispatcher::start(&t.app, t.app.channels().find("own").unwrap());
        Self { t, db, told, dispatcher, alert, count: 0 }
    }

    /// A resident whose number failed once eight days ago, and a text to them, handed over.
    async fn hand_over(&mut self) -> Under {
        self.count += 1;
        let phone = format!("+447700900{:03}", 100 + self.count);
        self.t.add_resident(self.db, "Ann", &[&phone], &[]).await;
        number_faults::note(&mut self.db.write().await, &key(&phone), self.t.app.now().minus_days(8)).await.unwrap();
        let row = DeliveryRow { channel: "own".into(), sender: NUMBER.into(), ..self.db.new_delivery(&self.alert, &phone) };
        let id = row.id;
        deliveries::insert(&mut self.db.write().await, vec![row]).await.unwrap();
        let hand_over = self.next_hand_over().await;
        assert_eq!(hand_over.delivery_id(), id);
        Under { id, phone, sid: format!("SM{id}"), callback: hand_over.callback(&self.t).to_owned(), hand_over: Some(hand_over) }
    }

    async fn next_hand_over(&mut self) -> HandOver {
        assert_eq!(self.dispatcher.run_once().await.unwrap(), 1);
        tokio::time::timeout(std::time::Duration::from_secs(20), self.told.recv()).await.expect("a hand-over within 20 seconds").unwrap()
    }

    async fn attempted(&self, id: i64) {
        eventually("the answer to be recorded", async || deliveries::list_attempts(&mut self.db.read().await, id).await.unwrap().pop()).await;
    }

    async fn take(&self, under: &mut Under, step: Step) {
        match step {
            Step::Taken => {
                under.hand_over.take().unwrap().accept(&under.sid).await;
                self.attempted(under.id).await;
            }
            Step::Refused => {
                under.hand_over.take().unwrap().refuse(21_614).await;
                self.attempted(under.id).await;
            }
            Step::Says(word) => receipt(&self.t, &under.callback, &under.sid, word).await,
            Step::Retries(word) => {
                let (word, code) = word.split_once(' ').unwrap_or((word, ""));
                let fields =
                    [("AccountSid", ACCOUNT), ("MessageSid", &under.sid), ("MessageStatus", word), ("ErrorCode", code), ("RawDlrDoneDate", "2611221200")];
                assert_eq!(post_signed(&self.t, &under.callback, &fields).await.0, 200);
            }
            Step::Reply => self.text(under, "By the church, at nine").await,
            Step::Stop => self.text(under, "STOP").await,
        }
    }

    async fn text(&self, under: &Under, text: &str) {
        let sid = format!("{}{text}", under.sid);
        assert_eq!(post_signed(&self.t, "/webhooks/sms/own/inbound", &text_form(&under.phone, NUMBER, text, &sid)).await.0, 200);
    }

    async fn process(&self) {
        let lanes: Vec<i64> = (0..huecry::inbound::intake::LANES).collect();
        while huecry::inbound::process::run_once(&self.t.app, &lanes).await.unwrap() > 0 {}
    }

    /// Where a text ends, with all that was made of it.
    async fn end_of(&self, under: &Under) -> End {
        let mut conn = self.db.read().await;
        let row = deliveries::find(&mut conn, under.id).await.unwrap().unwrap();
        let attempts = deliveries::list_attempts(&mut conn, under.id).await.unwrap();
        let (_, address) = residents::find_by_match_key(&mut conn, &key(&under.phone)).await.unwrap().unwrap();
        End {
            status: row.status,
            rank: row.rank,
            known: row.provider_message_id.is_some_and(|id| id == under.sid),
            error_code: row.error_code,
            attempts: row.attempts,
            outcomes: attempts.into_iter().map(|attempt| attempt.outcome).collect(),
            finished: row.finished_at.is_some(),
            held: row.lease_owner.is_some(),
            untied: receipts::list_early(&mut conn, std::slice::from_ref(&under.sid), At::from_unix_ms(0)).await.unwrap().len(),
            faults: number_faults::find(&mut conn, &key(&under.phone)).await.unwrap().map_or(0, |fault| fault.times),
            bad: address.bad_at.is_some(),
            blocked: provider_blocks::list_standing(&mut conn, &key(&under.phone)).await.unwrap().len(),
            suppressed: suppressions::find_standing(&mut conn, &key(&under.phone), "sms").await.unwrap().is_some(),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct End {
    status: String,
    rank: i64,
    /// The carrier's id stands with it.
    known: bool,
    error_code: Option<String>,
    attempts: i64,
    outcomes: Vec<String>,
    finished: bool,
    held: bool,
    /// Receipts of it that no delivery has.
    untied: usize,
    faults: i64,
    bad: bool,
    blocked: usize,
    suppressed: bool,
}

impl End {
    /// Of a text that arrived and was answered so.
    fn arrived(outcome: &str) -> Self {
        Self {
            status: "delivered".into(),
            rank: 11,
            known: outcome == "accepted",
            error_code: None,
            attempts: 1,
            outcomes: vec![outcome.into()],
            finished: true,
            held: false,
            untied: 0,
            faults: 0,
            bad: false,
            blocked: 0,
            suppressed: false,
        }
    }
}

/// Every order of the steps ends so, whether the receipts name our delivery or the carrier's id alone.
async fn always(db: &TestDb, steps: &[Step], by_their_id_too: bool, end: &End) {
    let mut bench = Bench::start(db).await;
    for order in orders(steps) {
        for by_our_id in [true, false].into_iter().take(if by_their_id_too { 2 } else { 1 }) {
            let mut under = bench.hand_over().await;
            if !by_our_id {
                under.callback = "/webhooks/sms/own/status".to_owned();
            }
            for step in &order {
                bench.take(&mut under, *step).await;
                bench.process().await;
            }
            assert_eq!(&bench.end_of(&under).await, end, "{order:?}, by our id: {by_our_id}");
        }
    }
    bench.t.stop().await;
}

on_both!(a_text_that_arrives_ends_as_delivered_in_every_order, async |db| {
    let steps = [Step::Taken, Step::Says("sent"), Step::Says("delivered"), Step::Says("delivered"), Step::Retries("delivered")];
    always(db, &steps, true, &End::arrived("accepted")).await;
});

on_both!(a_text_that_fails_for_good_ends_so_in_every_order_and_counts_against_the_number_once, async |db| {
    let steps = [Step::Taken, Step::Says("sent"), Step::Says("undelivered 30005"), Step::Says("undelivered 30005"), Step::Retries("undelivered 30005")];
    let end = End { status: "permanent_failure".into(), rank: 8, error_code: Some("30005".into()), faults: 2, bad: true, ..End::arrived("accepted") };
    always(db, &steps, true, &end).await;
});

on_both!(a_text_that_failed_and_arrived_after_all_ends_as_delivered_in_every_order, async |db| {
    let steps = [Step::Taken, Step::Says("undelivered 30005"), Step::Says("delivered"), Step::Retries("undelivered 30005")];
    always(db, &steps, true, &End::arrived("accepted")).await;
});

on_both!(a_text_that_the_carrier_refused_and_yet_delivered_ends_as_delivered_in_every_order, async |db| {
    let end = End { known: false, ..End::arrived("failed") };
    always(db, &[Step::Refused, Step::Says("sent"), Step::Says("delivered")], false, &end).await;
});

on_both!(a_text_to_somebody_who_opted_out_at_the_carrier_ends_as_suppressed_in_every_order, async |db| {
    let steps = [Step::Taken, Step::Says("sent"), Step::Says("undelivered 21610"), Step::Retries("undelivered 21610")];
    let end =
        End { status: "suppressed".into(), rank: 10, error_code: Some("21610".into()), faults: 1, blocked: 1, suppressed: true, ..End::arrived("accepted") };
    always(db, &steps, true, &end).await;
});

/// SQLite has one writer: only here can two transactions stand beside each other.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_is_stored_while_its_answer_is_being_recorded_is_not_lost() {
    let db = TestDb::postgres().await;
    let mut bench = Bench::start(&db).await;
    let mut under = bench.hand_over().await;
    under.callback = "/webhooks/sms/own/status".to_owned();
    bench.take(&mut under, Step::Says("delivered")).await;
    let mut conn = db.write().await;
    let processing = conn
        .transaction(async |conn| {
            // Receipts can be read and not written: whoever stores one has looked for its delivery already.
            on!(conn, c => sql_query("LOCK TABLE receipts IN SHARE MODE").execute(c).await)?;
            let (app, lanes) = (bench.t.app.clone(), (0..huecry::inbound::intake::LANES).collect::<Vec<_>>());
            let processing = tokio::spawn(async move { huecry::inbound::process::run_once(&app, &lanes).await.unwrap() });
            let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'receipts'::regclass \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            eventually("the receipt to wait for the table", async || {
                let mut beside = db.read().await;
                let waiting = on!(&mut beside, c => sql_query(waits).execute(c).await).unwrap();
                (waiting == 1).then_some(())
            })
            .await;
            bench.take(&mut under, Step::Taken).await;
            Ok::<_, diesel::result::Error>(processing)
        })
        .await
        .unwrap();
    drop(conn);
    assert_eq!(processing.await.unwrap(), 1);
    assert_eq!(bench.end_of(&under).await, End::arrived("accepted"));
    bench.t.stop().await;
}

/// The talk about an alert with one person: its state, and each message with what it was taken for and why.
async fn talk_of(bench: &Bench<'_>, under: &Under) -> (String, String, Vec<[String; 4]>) {
    let mut conn = bench.db.write().await;
    let person = correspondents::insert_or_find(&mut conn, bench.db.new_correspondent(&under.phone)).await.unwrap();
    assert!(conversations::find_of(&mut conn, None, person.id).await.unwrap().is_none(), "nothing of theirs is in the tray");
    let talk = conversations::find_of(&mut conn, Some(bench.alert.id), person.id).await.unwrap().expect("a conversation about the alert");
    let list = messages::list_of(&mut conn, talk.id).await.unwrap();
    let mut told: Vec<_> = list.into_iter().map(|message| [message.text, message.class, message.method, message.confidence]).collect();
    told.sort();
    (talk.status, talk.certainty, told)
}

on_both!(a_reply_its_receipt_its_answer_and_a_stop_end_the_same_in_every_order, async |db| {
    let mut bench = Bench::start(db).await;
    for order in orders(&[Step::Reply, Step::Says("delivered"), Step::Taken, Step::Stop]) {
        // What came is read as it comes, or all of it at the end.
        for at_once in [true, false] {
            let mut under = bench.hand_over().await;
            for step in &order {
                bench.take(&mut under, *step).await;
                if at_once {
                    bench.process().await;
                }
            }
            bench.process().await;
            let shown = format!("{order:?}, read at once: {at_once}");
            assert_eq!(bench.end_of(&under).await, End { suppressed: true, ..End::arrived("accepted") }, "{shown}");
            let told = |text: &str, class: &str| [text, class, "pair", "certain"].map(str::to_owned);
            let messages = vec![told("By the church, at nine", "reply"), told("STOP", "opt_out")];
            assert_eq!(talk_of(&bench, &under).await, ("open".to_owned(), "certain".to_owned(), messages), "{shown}");
            let confirmation = bench.next_hand_over().await;
            confirmation.accept(&format!("{}c", under.sid)).await;
            assert_eq!(bench.dispatcher.run_once().await.unwrap(), 0, "one confirmation and nothing else: {shown}");
            let mut conn = db.read().await;
            let confirmations = deliveries::count_purpose_since(&mut conn, &key(&under.phone), "opt_out_confirmation", At::from_unix_ms(0)).await;
            assert_eq!(confirmations.unwrap(), 1, "{shown}");
        }
    }
    bench.t.stop().await;
});
