//! What stops a channel and what does not: addresses that fail, a provider that is down or refuses all alike, a node that is cut
//! off, and another channel that stands in.
//!
//! The carriers are the tests' own: each answers by number as it is told to, and keeps what it was asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use huecry::app::App;
use huecry::config::{ChannelKindConfig, Keyring, SmsProviderConfig};
use huecry::outbound::dispatch::Dispatcher;
use huecry::store::alerts::{self, AlertRow};
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::{gates, notices};

use crate::support::app::{ACCOUNT, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

const OWN: &str = "+447700900009";
const SPARE: &str = "+447700900008";

/// What a carrier answers.
#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Takes,
    /// For a reason of its own.
    Fails,
    /// For good, by a code that says nothing of the address.
    Denies,
    /// Our credentials.
    Refuses,
}

#[derive(Default)]
struct Kept {
    /// To everybody, where nothing else is said of a number.
    answer: Mutex<Option<Answer>>,
    by_number: Mutex<BTreeMap<String, Answer>>,
    asked: Mutex<Vec<String>>,
    taken: Mutex<Vec<String>>,
}

struct Carrier {
    port: u16,
    kept: Arc<Kept>,
}

impl Carrier {
    fn start() -> Self {
        let (kept, (tell, told)) = (Arc::<Kept>::default(), std::sync::mpsc::channel());
        let state = kept.clone();
        // Of its own runtime; it ends with the test's process.
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || WebApp::new().app_data(web::Data::from(state.clone())).default_service(web::post().to(take)));
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                tell.send(server.addrs()[0].port()).unwrap();
                server.run().await.unwrap();
            });
        });
        Self { port: told.recv().unwrap(), kept }
    }

    fn answers(&self, answer: Answer) {
        *self.kept.answer.lock().unwrap() = Some(answer);
    }

    fn answers_these(&self, numbers: impl IntoIterator<Item = String>, answer: Answer) {
        self.kept.by_number.lock().unwrap().extend(numbers.into_iter().map(|number| (number, answer)));
    }

    fn asked(&self) -> Vec<String> {
        self.kept.asked.lock().unwrap().clone()
    }

    fn taken(&self) -> Vec<String> {
        self.kept.taken.lock().unwrap().clone()
    }

    fn channel(&self, name: &str, from: &str, rate_per_s: u32, more: &str) -> String {
        format!(
            "[[channels]]\nname = \"{name}\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\n{from}\n\
             acknowledge = false\napi_base = \"http://127.0.0.1:{}\"\nrate_per_s = {rate_per_s}\nconcurrency = 8\n{more}\n",
            self.port
        )
    }
}

async fn take(kept: web::Data<Kept>, body: web::Bytes) -> HttpResponse {
    let to = form_urlencoded::parse(&body).find(|(key, _)| key == "To").unwrap().1.into_owned();
    kept.asked.lock().unwrap().push(to.clone());
    let general = kept.answer.lock().unwrap().unwrap_or(Answer::Takes);
    let answer = kept.by_number.lock().unwrap().get(&to).copied().unwrap_or(general);
    let refuse = |code: u32| serde_json::json!({ "code": code, "message": "No", "status": 400 });
    match answer {
        Answer::Takes => {
            let mut taken = kept.taken.lock().unwrap();
            taken.push(to);
            HttpResponse::Created().json(serde_json::json!({ "sid": format!("SM{:032}", taken.len()), "status": "queued" }))
        }
        Answer::Fails => HttpResponse::InternalServerError().json(serde_json::json!({ "code": 20500, "message": "No", "status": 500 })),
        Answer::Denies => HttpResponse::BadRequest().json(refuse(63_999)),
        Answer::Refuses => HttpResponse::Unauthorized().json(refuse(20_003)),
    }
}

fn number(n: usize) -> String {
    format!("+4477009{n:05}")
}

fn own_number() -> String {
    format!("numbers = [\"{OWN}\"]")
}

/// So many texts wait for the channel `own`.
async fn queue(t: &TestApp, db: &TestDb, count: usize, two_way: bool) -> Vec<i64> {
    let alert = AlertRow { two_way, ..db.new_alert(t.owner.id) };
    alerts::insert(&mut db.write().await, &alert, vec![db.new_text(&alert, "sms", "Seen it?")], &[], &[]).await.unwrap();
    let row = |n: usize| DeliveryRow { channel: "own".into(), sender: OWN.into(), ..db.new_delivery(&alert, &number(n)) };
    let rows: Vec<DeliveryRow> = (100..100 + count).map(row).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    ids
}

/// A node's dispatcher, at work.
fn node(app: &App, channel: &str) {
    let (dispatcher, _recorder) = Dispatcher::start(app, app.channels().find(channel).unwrap());
    tokio::spawn(dispatcher.run());
}

async fn rows(db: &TestDb, ids: &[i64]) -> Vec<DeliveryRow> {
    deliveries::list_by_ids(&mut db.read().await, ids).await.unwrap()
}

async fn count(db: &TestDb, ids: &[i64], status: &str) -> usize {
    rows(db, ids).await.iter().filter(|row| row.status == status).count()
}

async fn all_accepted(db: &TestDb, ids: &[i64]) {
    eventually("every text to be taken", async || (count(db, ids, "accepted").await == ids.len()).then_some(())).await;
}

/// How often the channel was told of, whether or not that stands.
async fn alarms(db: &TestDb, channel: &str) -> i64 {
    let mut conn = db.read().await;
    let standing = notices::list_of_kind(&mut conn, "not_sending").await.unwrap().iter().find(|notice| notice.subject == channel).map(|notice| notice.times);
    let ever = notices::last_at(&mut conn, "not_sending", channel).await.unwrap();
    standing.unwrap_or_else(|| i64::from(ever.is_some()))
}

on_both!(numbers_that_fail_do_not_stop_the_others_nor_use_up_their_own_attempts, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 100, ""), false).await;
    // When their waits end they stand together at the head of the queue: theirs are the lowest ids of what is left.
    let sick: BTreeSet<String> = (100..500).filter(|n| n % 10 == 3).map(number).collect();
    carrier.answers_these(sick.clone(), Answer::Fails);
    let ids = queue(&t, db, 400, true).await;
    let began = Instant::now();
    node(&t.app, "own");
    node(&t.app, "own");
    eventually("everybody else", async || (count(db, &ids, "accepted").await == 360).then_some(())).await;
    assert!(began.elapsed() < Duration::from_secs(12), "four seconds of the rate took {:?}", began.elapsed());
    assert_eq!(alarms(db, "own").await, 0, "the channel never stopped");
    let tries = rows(db, &ids).await.iter().filter(|row| sick.contains(&row.address)).map(|row| row.attempts).max().unwrap();
    assert!(tries <= 5, "{tries} attempts within {:?}", began.elapsed());
    carrier.answers_these(sick, Answer::Takes);
    // Their own waits.
    t.app.clock().advance_ms(120_000);
    all_accepted(db, &ids).await;
    assert_eq!(alarms(db, "own").await, 0);
    t.stop().await;
});

on_both!(an_outage_is_known_by_first_attempts_told_once_and_what_it_put_off_goes_when_it_is_over, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 1_000, ""), false).await;
    carrier.answers(Answer::Fails);
    let ids = queue(&t, db, 200, true).await;
    // Of before the outage: its own wait is its own.
    let later = t.app.now().plus_ms(3_600_000);
    let alert = db.add_alert(t.owner.id, &[]).await;
    let slow = DeliveryRow { channel: "own".into(), attempts: 9, next_attempt_at: later, ..db.new_delivery(&alert, &number(999)) };
    deliveries::insert(&mut db.write().await, vec![slow.clone()]).await.unwrap();
    node(&t.app, "own");
    eventually("the alarm", async || (alarms(db, "own").await == 1).then_some(())).await;
    let before = carrier.asked().len();
    eventually("a trial", async || (carrier.asked().len() > before).then_some(())).await;
    let tried = carrier.asked().len();
    assert!(tried <= 30, "{tried} of 200 were tried");
    carrier.answers(Answer::Takes);
    let began = Instant::now();
    all_accepted(db, &ids).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(alarms(db, "own").await, 1, "one alarm");
    assert_eq!(rows(db, &[slow.id]).await[0].next_attempt_at.unix_ms(), later.unix_ms());
    t.stop().await;
});

on_both!(a_carrier_that_refuses_all_alike_is_told_once_and_nothing_is_failed_for_it, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 1_000, ""), false).await;
    carrier.answers(Answer::Denies);
    let ids = queue(&t, db, 120, true).await;
    node(&t.app, "own");
    eventually("the alarm", async || (alarms(db, "own").await == 1).then_some(())).await;
    eventually("all to wait again", async || (count(db, &ids, "queued").await == 120).then_some(())).await;
    eventually("the first trial", async || (carrier.asked().len() > 20).then_some(())).await;
    let asked = carrier.asked().len();
    assert!(asked <= 20 + 2 * 8 + 2, "{asked} of 120 were tried");
    let standing = notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap();
    assert!(standing[0].detail.contains("63999") && standing[0].detail.contains("none is marked as failed"), "{}", standing[0].detail);
    carrier.answers(Answer::Takes);
    // Put right and started anew: that tries at once.
    node(&t.app, "own");
    all_accepted(db, &ids).await;
    assert!(notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap().is_empty());
    t.stop().await;
});

on_both!(addresses_that_are_refused_one_after_the_other_hold_nobody_up_for_long_and_end, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 1_000, ""), false).await;
    carrier.answers_these((100..140).map(number), Answer::Denies);
    let ids = queue(&t, db, 200, true).await;
    node(&t.app, "own");
    eventually("everybody else", async || (count(db, &ids, "accepted").await == 160).then_some(())).await;
    eventually("an end for those", async || (count(db, &ids, "technical_failure").await == 40).then_some(())).await;
    let asked = carrier.asked().iter().fold(BTreeMap::<String, usize>::new(), |mut all, to| {
        *all.entry(to.clone()).or_default() += 1;
        all
    });
    assert!(asked.values().all(|times| *times <= 3), "{asked:?}");
    t.stop().await;
});

/// Another node, whose way to the carrier is cut.
async fn cut_off(t: &TestApp) -> App {
    let mut config = t.app.config().clone();
    let own = config.channels.iter_mut().find(|channel| channel.name == "own").unwrap();
    let ChannelKindConfig::Sms(settings) = &mut own.kind else { panic!("a channel for texts") };
    let SmsProviderConfig::Twilio(twilio) = &mut settings.provider else { panic!("Twilio") };
    twilio.api_base = "http://127.0.0.1:9".into();
    App::with_keyring(config, Keyring::fixed()).await.unwrap()
}

on_both!(a_node_that_is_cut_off_does_not_stop_the_others, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 60, ""), false).await;
    let cut = cut_off(&t).await;
    let ids = queue(&t, db, 300, true).await;
    let began = Instant::now();
    node(&t.app, "own");
    eventually("the first", async || (!carrier.taken().is_empty()).then_some(())).await;
    node(&cut, "own");
    all_accepted(db, &ids).await;
    assert!(began.elapsed() < Duration::from_secs(16), "five seconds of the rate took {:?}", began.elapsed());
    assert_eq!(alarms(db, "own").await, 0, "the channel never stopped");
    let met = rows(db, &ids).await.iter().filter(|row| row.attempts > 1).count();
    assert!((1..=40).contains(&met), "{met} were tried in vain");
    cut.stop().cancel();
    t.stop().await;
});

on_both!(a_node_that_is_cut_off_alone_tells_it_and_another_that_comes_goes_on, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel("own", &own_number(), 1_000, ""), false).await;
    let cut = cut_off(&t).await;
    let ids = queue(&t, db, 100, true).await;
    node(&cut, "own");
    eventually("the alarm", async || (alarms(db, "own").await == 1).then_some(())).await;
    node(&t.app, "own");
    all_accepted(db, &ids).await;
    assert_eq!(alarms(db, "own").await, 1, "it was told once");
    assert!(notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap().is_empty());
    cut.stop().cancel();
    t.stop().await;
});

/// The channel `own` with a spare, and their carriers.
async fn with_spare(db: &TestDb, spare_from: &str, spare_rate: u32) -> (TestApp, Carrier, Carrier) {
    let (own, spare) = (Carrier::start(), Carrier::start());
    let channels = own.channel("own", &own_number(), 1_000, "fallback = \"spare\"") + &spare.channel("spare", spare_from, spare_rate, "");
    let t = TestApp::start_with(db, &channels, false).await;
    own.answers(Answer::Fails);
    (t, own, spare)
}

async fn on_spare(db: &TestDb, ids: &[i64]) -> usize {
    rows(db, ids).await.iter().filter(|row| row.channel == "spare" && row.status == "queued").count()
}

on_both!(a_slow_spare_is_given_what_it_can_hand_over_and_the_rest_goes_by_the_first_again, async |db| {
    let (t, own, spare) = with_spare(db, &format!("numbers = [\"{SPARE}\"]"), 10).await;
    let ids = queue(&t, db, 300, true).await;
    let began = Instant::now();
    node(&t.app, "own");
    node(&t.app, "spare");
    eventually("the spare to stand in", async || {
        assert!(on_spare(db, &ids).await <= 20, "more than two seconds of its rate");
        (spare.taken().len() >= 15).then_some(())
    })
    .await;
    own.answers(Answer::Takes);
    eventually("everybody to have it", async || {
        assert!(on_spare(db, &ids).await <= 20, "more than two seconds of its rate");
        (count(db, &ids, "accepted").await == 300).then_some(())
    })
    .await;
    // A second and a tenth of allowance.
    let most = 12 + 11 * usize::try_from(began.elapsed().as_secs()).unwrap();
    let by_spare = spare.taken().len();
    assert!((15..=most.min(200)).contains(&by_spare), "{by_spare} by the spare within {:?}", began.elapsed());
    let mut all = [own.taken(), spare.taken()].concat();
    all.sort();
    assert_eq!(all.len(), 300, "each once");
    all.dedup();
    assert_eq!(all.len(), 300, "each once");
    t.stop().await;
});

on_both!(a_spare_that_does_not_send_either_keeps_nothing_that_the_first_can_take, async |db| {
    let (t, own, spare) = with_spare(db, &format!("numbers = [\"{SPARE}\"]"), 10).await;
    spare.answers(Answer::Refuses);
    let ids = queue(&t, db, 200, true).await;
    node(&t.app, "own");
    node(&t.app, "spare");
    eventually("the spare to be known as shut", async || (alarms(db, "spare").await == 1).then_some(())).await;
    let held = on_spare(db, &ids).await;
    assert!(held <= 20, "{held} went there");
    own.answers(Answer::Takes);
    // What was tried there waits for it: it may be mended. All else goes by the first.
    let tried = || spare.asked().into_iter().collect::<BTreeSet<_>>().len();
    eventually("the others", async || (count(db, &ids, "accepted").await == 200 - tried()).then_some(())).await;
    assert!(tried() <= 8, "{} were tried there", tried());
    assert_eq!(on_spare(db, &ids).await, tried(), "nothing untried is left there");
    t.stop().await;
});

on_both!(what_the_spare_may_not_carry_stays_untouched, async |db| {
    let (t, own, spare) = with_spare(db, "sender = \"Police\"", 1_000).await;
    // It asks for an answer, and a name cannot be answered.
    let ids = queue(&t, db, 100, true).await;
    node(&t.app, "own");
    node(&t.app, "spare");
    eventually("the channel to be shut", async || (alarms(db, "own").await == 1).then_some(())).await;
    let untried = async || rows(db, &ids).await.into_iter().filter(|row| row.attempts == 0).collect::<Vec<_>>();
    let shut_for = async || gates::find(&mut db.read().await, "own").await.unwrap().and_then(|(gate, at)| gate.opened_at.map(|opened| at.since_ms(opened)));
    eventually("five seconds of it", async || (shut_for().await >= Some(5_000)).then_some(())).await;
    assert!(spare.asked().is_empty());
    let before = db.new_delivery(&db.new_alert(t.owner.id), &number(1)).next_attempt_at;
    let waiting = untried().await;
    assert!(waiting.len() >= 50 && waiting.iter().all(|row| row.next_attempt_at == before && row.lease_owner.is_none()), "nothing is put off");
    // Another alert, which asks for none, goes.
    let told = queue(&t, db, 10, false).await;
    eventually("the other alert", async || (count(db, &told, "accepted").await >= 5).then_some(())).await;
    own.answers(Answer::Takes);
    all_accepted(db, &ids).await;
    all_accepted(db, &told).await;
    assert!(spare.taken().len() <= 10);
    t.stop().await;
});
