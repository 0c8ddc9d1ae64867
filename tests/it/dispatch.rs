//! How texts leave: the agreed rate whoever sends, a provider's wish for patience, its refusals, and the quiet of an idle node.
//!
//! The carrier is the test's own: it answers as it is told to and keeps the moment of each hand-over. Several dispatchers on
//! one database are several nodes: each has permits and places of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use diesel::connection::{InstrumentationEvent, set_default_instrumentation};
use huecry::outbound::dispatch::Dispatcher;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::notices;

use crate::support::app::{ACCOUNT, TOKEN, TestApp, eventually};
use crate::support::db::TestDb;

const NUMBER: &str = "+447700900009";

/// What the carrier answers.
#[derive(Clone, Copy)]
enum Answer {
    Takes,
    /// Twilio's refusal of wrong credentials.
    Refuses,
    /// Takes it, and takes its time.
    Slowly(Duration),
    /// Too many at once: come again in so many seconds. Only the first; then it takes.
    Patience(u32),
}

struct Carrier {
    port: u16,
    answer: Arc<Mutex<Answer>>,
    taken: Arc<Mutex<Vec<Instant>>>,
}

impl Carrier {
    fn start() -> Self {
        let (answer, taken) = (Arc::new(Mutex::new(Answer::Takes)), Arc::<Mutex<Vec<Instant>>>::default());
        let (tell, told) = std::sync::mpsc::channel();
        let state = (answer.clone(), taken.clone());
        // Of its own runtime; it ends with the test's process.
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || WebApp::new().app_data(web::Data::new(state.clone())).default_service(web::post().to(take)));
                let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                tell.send(server.addrs()[0].port()).unwrap();
                server.run().await.unwrap();
            });
        });
        Self { port: told.recv().unwrap(), answer, taken }
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn moments(&self) -> Vec<Instant> {
        self.taken.lock().unwrap().clone()
    }

    fn channel(&self, rate_per_s: u32, concurrency: u16) -> String {
        format!(
            "[[channels]]\nname = \"own\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{ACCOUNT}\"\nauth_token = \"{TOKEN}\"\n\
             numbers = [\"{NUMBER}\"]\nacknowledge = false\napi_base = \"http://127.0.0.1:{}\"\nrate_per_s = {rate_per_s}\nconcurrency = {concurrency}\n",
            self.port
        )
    }
}

type State = (Arc<Mutex<Answer>>, Arc<Mutex<Vec<Instant>>>);

async fn take(state: web::Data<State>, _body: web::Bytes) -> HttpResponse {
    let serial = {
        let mut taken = state.1.lock().unwrap();
        taken.push(Instant::now());
        taken.len()
    };
    let slowness = match *state.0.lock().unwrap() {
        Answer::Slowly(time) => Some(time),
        _ => None,
    };
    if let Some(time) = slowness {
        actix_web::rt::time::sleep(time).await;
    }
    let mut answer = state.0.lock().unwrap();
    match *answer {
        Answer::Takes | Answer::Slowly(_) => HttpResponse::Created().json(serde_json::json!({ "sid": format!("SM{serial:032}"), "status": "queued" })),
        Answer::Refuses => HttpResponse::Unauthorized().json(serde_json::json!({ "code": 20003, "message": "Authenticate", "status": 401 })),
        Answer::Patience(seconds) => {
            *answer = Answer::Takes;
            HttpResponse::TooManyRequests()
                .insert_header(("retry-after", seconds.to_string()))
                .json(serde_json::json!({ "code": 20429, "message": "Too Many Requests", "status": 429 }))
        }
    }
}

/// So many texts wait for the carrier.
async fn queue(t: &TestApp, db: &TestDb, count: usize) -> Vec<i64> {
    let alert = db.add_alert(t.owner.id, &[]).await;
    let row = |n: usize| DeliveryRow { channel: "own".into(), sender: NUMBER.into(), ..db.new_delivery(&alert, &format!("07700 900{n:03}")) };
    let rows: Vec<DeliveryRow> = (100..100 + count).map(row).collect();
    let ids = rows.iter().map(|row| row.id).collect();
    deliveries::insert(&mut db.write().await, rows).await.unwrap();
    ids
}

/// A node's dispatcher for the carrier's channel, at work.
fn node(t: &TestApp) {
    let (dispatcher, _recorder) = Dispatcher::start(&t.app, t.app.channels().find("own").unwrap());
    tokio::spawn(dispatcher.run());
}

async fn statuses(db: &TestDb, ids: &[i64]) -> std::collections::BTreeMap<String, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for row in deliveries::list_by_ids(&mut db.read().await, ids).await.unwrap() {
        *counts.entry(row.status).or_default() += 1;
    }
    counts
}

async fn share(db: &TestDb, nodes: usize) {
    const RATE: usize = 150;
    const TEXTS: usize = 400;
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel(150, 16), false).await;
    let ids = queue(&t, db, TEXTS).await;
    for _ in 0..nodes {
        node(&t);
    }
    eventually("every text to be taken", async || (statuses(db, &ids).await.get("accepted") == Some(&TEXTS)).then_some(())).await;
    let mut moments = carrier.moments();
    moments.sort();
    assert_eq!(moments.len(), TEXTS, "each went once");
    // A tenth of a second that was not used may be made up for, and a permit may be used a tenth late.
    let most = RATE + RATE / 5 + 2;
    for (index, from) in moments.iter().enumerate() {
        let within = moments[index..].iter().take_while(|at| at.duration_since(*from) < Duration::from_secs(1)).count();
        assert!(within <= most, "{within} within one second by {nodes} nodes, at a rate of {RATE}");
    }
    t.stop().await;
}

on_both!(one_node_keeps_to_the_rate, async |db| {
    share(db, 1).await;
});

on_both!(two_nodes_keep_to_the_rate_together, async |db| {
    share(db, 2).await;
});

on_both!(three_nodes_keep_to_the_rate_together, async |db| {
    share(db, 3).await;
});

on_both!(a_provider_that_asks_for_patience_has_it_from_every_node, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel(100, 2), false).await;
    carrier.answers(Answer::Patience(2));
    let ids = queue(&t, db, 40).await;
    node(&t);
    node(&t);
    eventually("every text to be taken", async || (statuses(db, &ids).await.get("accepted") == Some(&40)).then_some(())).await;
    let moments = carrier.moments();
    let gap = moments.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
    assert!(gap >= Duration::from_millis(1_500), "the longest rest was {gap:?}");
    let before = moments.iter().take_while(|at| at.duration_since(moments[0]) < Duration::from_millis(1_500)).count();
    assert!(before <= 20, "{before} of 40 went before the rest was known to both");
    assert_eq!(moments.len(), 41, "the one that was sent back went again");
    t.stop().await;
});

on_both!(a_refusal_of_us_stops_the_channel_with_one_alarm_and_everything_goes_once_it_is_put_right, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel(1_000, 8), false).await;
    carrier.answers(Answer::Refuses);
    let ids = queue(&t, db, 60).await;
    node(&t);
    node(&t);
    let alarm = async || notices::list_of_kind(&mut db.read().await, "not_sending").await.unwrap();
    let standing = eventually("the alarm", async || alarm().await.pop()).await;
    assert!(standing.detail.contains("credentials") && standing.detail.contains("none is marked as failed"), "{}", standing.detail);
    eventually("what was under way to be back in the queue", async || (statuses(db, &ids).await.get("queued") == Some(&60)).then_some(())).await;
    let tried = carrier.moments().len();
    assert!(tried <= 2 * 8 + 2, "{tried} of 60 were tried: what two nodes had under way, and a trial of each");
    // For as long as an idle node sleeps at most.
    let began = Instant::now();
    eventually("two seconds", async || (began.elapsed() > Duration::from_millis(2_300)).then_some(())).await;
    assert_eq!(carrier.moments().len(), tried, "nothing more is tried");
    assert_eq!(alarm().await.iter().map(|notice| notice.times).collect::<Vec<_>>(), [1], "one alarm");
    // Put right and started anew: that tries at once, and the other node hears of it.
    carrier.answers(Answer::Takes);
    node(&t);
    eventually("every text to be taken", async || (statuses(db, &ids).await.get("accepted") == Some(&60)).then_some(())).await;
    assert!(alarm().await.is_empty());
    t.stop().await;
});

on_both!(a_planned_stop_waits_for_the_answers_that_are_under_way, async |db| {
    let carrier = Carrier::start();
    // Longer than anything else that a stop waits for.
    carrier.answers(Answer::Slowly(Duration::from_secs(7)));
    let t = TestApp::start_with(db, &carrier.channel(1_000, 4), true).await;
    let ids = queue(&t, db, 4).await;
    t.app.wake().outbox();
    eventually("all to be under way", async || {
        let sending = statuses(db, &ids).await.get("sending") == Some(&4);
        (sending && carrier.moments().len() >= 4).then_some(())
    })
    .await;
    t.stop().await;
    assert_eq!(statuses(db, &ids).await.get("accepted"), Some(&4), "{:?}", statuses(db, &ids).await);
});

static STATEMENTS: AtomicUsize = AtomicUsize::new(0);

/// Each test has a process of its own: nobody else's statements are counted.
fn count_statements() {
    set_default_instrumentation(|| {
        Some(Box::new(|event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                STATEMENTS.fetch_add(1, Ordering::Relaxed);
            }
        }))
    })
    .unwrap();
}

on_both!(an_idle_node_asks_the_database_a_few_times_in_its_poll_and_a_bell_wakes_it, async |db| {
    let carrier = Carrier::start();
    let t = TestApp::start_with(db, &carrier.channel(1_000, 8), false).await;
    count_statements();
    // What comes from here on counts: a pool that is new.
    let app = huecry::app::App::with_keyring(t.app.config().clone(), huecry::config::Keyring::fixed()).await.unwrap();
    let (dispatcher, _recorder) = Dispatcher::start(&app, app.channels().find("own").unwrap());
    tokio::spawn(dispatcher.run());
    eventually("its first look", async || (STATEMENTS.load(Ordering::Relaxed) > 0).then_some(())).await;
    let (before, began) = (STATEMENTS.load(Ordering::Relaxed), Instant::now());
    eventually("three polls", async || (began.elapsed() > Duration::from_millis(6_200)).then_some(())).await;
    let asked = STATEMENTS.load(Ordering::Relaxed) - before;
    assert!((1..=4 * 8).contains(&asked), "{asked} statements in three polls");
    // What is queued is not waited for until the next poll.
    let ids = queue(&t, db, 1).await;
    let rung = Instant::now();
    app.wake().outbox();
    eventually("the text", async || (carrier.moments().len() == 1).then_some(())).await;
    assert!(rung.elapsed() < Duration::from_millis(1_500), "{:?}", rung.elapsed());
    eventually("its record", async || (statuses(db, &ids).await.get("accepted") == Some(&1)).then_some(())).await;
    app.stop().cancel();
    t.stop().await;
});
