//! `event_to_streams`: from the moment that a reply is sent to the moment that each of five hundred open inboxes is told of it.
//! Aim: 300 ms after its commit; here the webhook's way in, its filing and the time for which changes are gathered all count.

use std::time::{Duration, Instant};

use anyhow::Context;
use huecry::store::Backend;
use tokio::sync::mpsc;

use crate::bed::{Bed, Program};
use crate::figure::{Figure, Report, Surroundings, percentile_ms};
use crate::webhook::Connection;
use crate::{pages, seed};

pub(crate) const NAMES: &[&str] = &["event_to_streams"];
const STREAMS: usize = 500;
const REPLIES: usize = 20;
const AIM_MS: f64 = 300.0;

pub(crate) async fn measure(backend: Backend, report: &mut Report) -> anyhow::Result<()> {
    let bed = Bed::make(backend).await?;
    let cookie = {
        let app = bed.app().await?;
        seed::plant(&app).await?;
        pages::cookie(&app, seed::reader(&app).await?).await?
    };
    let gateway = bed.start(Program::Huecry("all")).await?;
    let around = Surroundings::look(&bed.disk())?;
    let client = reqwest::Client::new();
    let (tell, mut told) = mpsc::unbounded_channel();
    for number in 0..STREAMS {
        let mut stream = client.get(format!("http://{}/events", bed.address)).header("cookie", &cookie).send().await?.error_for_status()?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while let Ok(Some(bytes)) = stream.chunk().await {
                let text = String::from_utf8_lossy(&bytes);
                let inbox = text.contains("event: changed") && text.contains("\"inbox\"");
                if (inbox || text.contains("event: open")) && tell.send((number, inbox, Instant::now())).is_err() {
                    return;
                }
            }
        });
    }
    let patience = Duration::from_secs(10);
    for _ in 0..STREAMS {
        tokio::time::timeout(patience, told.recv()).await.context("a stream did not open")?;
    }
    let mut connection = Connection::open(bed.address).await?;
    let mut all = Vec::with_capacity(STREAMS * REPLIES);
    for serial in 0..REPLIES {
        // What the last one set off is over.
        tokio::time::sleep(Duration::from_secs(1)).await;
        while told.try_recv().is_ok() {}
        let request = gateway.hooks.request(serial, &seed::phone(serial), "I saw the van by the bridge at nine.");
        let sent = Instant::now();
        connection.deliver(&request).await?;
        let mut first = vec![None; STREAMS];
        while first.iter().any(Option::is_none) {
            let (number, _, at) = tokio::time::timeout(patience, told.recv()).await.context("a stream was not told")?.context("the streams ended")?;
            if let Some(slot @ None) = first.get_mut(number) {
                *slot = Some(at.duration_since(sent));
            }
        }
        all.extend(first.into_iter().flatten());
    }
    all.sort_unstable();
    eprintln!("figures: event_to_streams: p50 {:.0} ms, the last {:.0} ms", percentile_ms(&all, 500), percentile_ms(&all, 1000));
    report.add(Figure::new("event_to_streams", backend.as_str(), percentile_ms(&all, 990), "ms, p99 of 500 streams", around).at_most(AIM_MS))?;
    drop(gateway);
    bed.close().await
}
