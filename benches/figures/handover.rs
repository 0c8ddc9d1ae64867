//! `sms_handover`: texts from the outbox to a carrier that answers in 1 ms, each with durable state, 64 at once; beside it a
//! bare loop of the same requests without any state.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::{App as WebApp, HttpResponse, HttpServer, web};
use anyhow::Context;
use huecry::store::Backend;
use tokio::task::JoinSet;

use crate::bed::{Bed, Program};
use crate::figure::{Bound, Figure, Report, Surroundings, number};
use crate::seed;
use crate::webhook;

pub(crate) const NAMES: &[&str] = &["sms_handover"];
const TEXTS: usize = 40_000;
const AT_ONCE: usize = 64;

/// A carrier in a thread of its own: takes every text after a millisecond and counts it.
pub(crate) struct Carrier {
    pub(crate) url: String,
    taken: Arc<Taken>,
    handle: actix_web::dev::ServerHandle,
}

/// When each was taken, and which delivery of ours it was.
#[derive(Default)]
struct Taken {
    all: Mutex<Vec<(Instant, u64)>>,
    /// Those that bear this word.
    marked: Mutex<Vec<Instant>>,
    mark: &'static str,
}

impl Carrier {
    /// Takes note apart of the texts that bear the word.
    pub(crate) fn start(mark: &'static str) -> anyhow::Result<Self> {
        let taken = Arc::new(Taken { mark, ..Taken::default() });
        let counter = taken.clone();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let served = actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let counter = counter.clone();
                    WebApp::new()
                        .app_data(web::Data::new(counter))
                        .route("/{path:.*}", web::post().to(take))
                        .route("/{path:.*}", web::get().to(|| async { HttpResponse::Ok().json(serde_json::json!({ "messages": [] })) }))
                })
                .workers(2)
                .disable_signals()
                .bind(("127.0.0.1", 0))?;
                let address = server.addrs().first().copied();
                let running = server.run();
                let _heard = tell.send((address, running.handle()));
                running.await
            });
            if let Err(error) = served {
                eprintln!("figures: the carrier ended: {error}");
            }
        });
        let (address, handle) = told.recv().context("the carrier did not start")?;
        let address = address.context("the carrier has no address")?;
        Ok(Self { url: format!("http://{address}"), taken, handle })
    }

    /// How many bore the word.
    pub(crate) fn marked(&self) -> usize {
        self.taken.marked.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// When the first came that bore it, after so many.
    pub(crate) fn marked_since(&self, before: usize) -> Option<Instant> {
        self.taken.marked.lock().unwrap_or_else(PoisonError::into_inner).get(before).copied()
    }

    /// Waits until so many bore it.
    pub(crate) async fn marked_all(&self, count: usize, patience: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.marked() < count {
            anyhow::ensure!(began.elapsed() < patience, "only {} of {count} marked texts were handed over in time", self.marked());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// How many were taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.all.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// How many different deliveries were taken.
    pub(crate) fn different(&self) -> usize {
        self.taken.all.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|(_, delivery)| *delivery).collect::<BTreeSet<u64>>().len()
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.handle.stop(false).await;
    }

    /// How long it took from the first of so many more to the last.
    pub(crate) async fn time(&self, from: usize, count: usize, patience: Duration) -> anyhow::Result<Duration> {
        let deadline = Instant::now() + patience;
        loop {
            {
                let taken = self.taken.all.lock().unwrap_or_else(PoisonError::into_inner);
                if let (Some(first), Some(last)) = (taken.get(from), taken.get(from + count - 1)) {
                    return Ok(last.0.duration_since(first.0));
                }
            }
            anyhow::ensure!(Instant::now() < deadline, "only {} of {count} texts were handed over in time", self.taken() - from);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The delivery's id, which the address for receipts ends with (`…/status?d=ID`, within a form).
fn delivery_of(body: &[u8]) -> u64 {
    const BEFORE: &[u8] = b"%3Fd%3D";
    let digits = body.windows(BEFORE.len()).position(|window| window == BEFORE).and_then(|at| body.get(at + BEFORE.len()..)).unwrap_or_default();
    digits.iter().take_while(|byte| byte.is_ascii_digit()).fold(0, |id: u64, digit| id.wrapping_mul(10).wrapping_add(u64::from(digit - b'0')))
}

async fn take(counter: web::Data<Arc<Taken>>, body: web::Bytes) -> HttpResponse {
    if !counter.mark.is_empty() && body.windows(counter.mark.len()).any(|window| window == counter.mark.as_bytes()) {
        counter.marked.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let serial = {
        let mut taken = counter.all.lock().unwrap_or_else(PoisonError::into_inner);
        taken.push((Instant::now(), delivery_of(&body)));
        taken.len()
    };
    HttpResponse::Created().json(serde_json::json!({ "sid": format!("SM{serial:032}"), "status": "queued" }))
}

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let carrier = Carrier::start("")?;
    let more = format!(
        "[[channels]]\nname = \"out\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{}\"\n\
         numbers = [\"{}\"]\napi_base = \"{}\"\nrate_per_s = 100000\nconcurrency = {AT_ONCE}\n",
        webhook::ACCOUNT,
        webhook::TOKEN,
        webhook::OUR_NUMBER,
        carrier.url
    );
    let bed = Bed::make_with(backend, &more).await?;
    let measured = measure_on(&bed, &carrier, report).await;
    bed.close().await?;
    carrier.stop().await;
    measured
}

async fn measure_on(bed: &Bed, carrier: &Carrier, report: &mut Report) -> anyhow::Result<()> {
    let word = bed.backend.as_str();
    eprintln!("figures: sms_handover on {word}: {TEXTS} texts, {AT_ONCE} at once");
    seed::plant_queue(&bed.app().await?, "out", TEXTS).await?;
    let around = Surroundings::look(&bed.disk())?;
    let bare = bare(carrier).await?;
    let from = carrier.taken();
    let gateway = bed.start(Program::Huecry("all")).await?;
    let took = carrier.time(from, TEXTS, Duration::from_secs(180)).await.with_context(|| gateway.process.tail());
    let rate = number(TEXTS) / took?.as_secs_f64();
    all_recorded(bed, TEXTS).await?;
    anyhow::ensure!(carrier.taken() - from == TEXTS, "{} texts reached the carrier, of {TEXTS}", carrier.taken() - from);
    eprintln!("figures:   {rate:.0} a second; without state {bare:.0}");
    report.add(
        Figure::new("sms_handover", word, rate, "texts/s", around)
            .against("a bare loop of the same requests, 64 at once", bare)
            .asked(Bound::RatioAtLeast(0.5)),
    )
}

/// What was taken must be known to be taken: the state is part of the work.
pub(crate) async fn all_recorded(bed: &Bed, count: usize) -> anyhow::Result<()> {
    let db = bed.db().await?;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let accepted = seed::count_accepted(&db, "out").await?;
        if usize::try_from(accepted)? == count {
            return Ok(());
        }
        anyhow::ensure!(Instant::now() < deadline, "of {count} texts only {accepted} are recorded as taken");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The same requests with nothing behind them.
async fn bare(carrier: &Carrier) -> anyhow::Result<f64> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(AT_ONCE).build()?;
    let url = format!("{}/2010-04-01/Accounts/{}/Messages.json", carrier.url, webhook::ACCOUNT);
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("To", &seed::queued_phone(1))
        .append_pair("From", webhook::OUR_NUMBER)
        .append_pair("Body", "Derbyshire Alert: A van was taken from the station. Have you seen it?\nReply to this text. Ref K7Q2M. STOP to opt out.")
        .append_pair("StatusCallback", "http://127.0.0.1:9/webhooks/sms/out/status?d=7301444403210")
        .finish();
    let left = Arc::new(AtomicUsize::new(TEXTS));
    let began = Instant::now();
    let mut loops = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (client, url, form, left) = (client.clone(), url.clone(), form.clone(), left.clone());
        loops.spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                let request = client.post(&url).basic_auth(webhook::ACCOUNT, Some(webhook::TOKEN));
                let answer = request.header("content-type", "application/x-www-form-urlencoded").body(form.clone()).send().await?;
                anyhow::ensure!(answer.status().as_u16() == 201, "the carrier answered {}", answer.status());
                answer.bytes().await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    Ok(number(TEXTS) / began.elapsed().as_secs_f64())
}
