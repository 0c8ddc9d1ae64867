//! `three_nodes`: three gateways on one PostgreSQL hand over one alert, against one gateway in the same run: as fast as they
//! can, and at the rate that a provider agreed to. No delivery may be handed over twice.

use std::time::Duration;

use huecry::store::Backend;

use crate::bed::{Bed, execute};
use crate::figure::{Bound, Figure, Report, Surroundings, number};
use crate::handover::{self, Carrier};
use crate::{seed, webhook};

pub(crate) const NAMES: &[&str] = &["three_nodes", "three_nodes_at_1000"];
const TEXTS: usize = 40_000;
/// The rate that a provider agreed to, a second, and enough texts for ten of them.
const AGREED: usize = 1_000;
const TEXTS_AT_AGREED: usize = 10_000;
const AT_ONCE: usize = 64;
/// Until then every gateway is up and knows when it begins.
const BEGINS_IN_S: u32 = 8;

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let (_, one) = hand_over(1, 100_000, TEXTS).await?;
    let (around, three) = hand_over(3, 100_000, TEXTS).await?;
    report.add(Figure::new("three_nodes", "postgres", three, "texts/s", around).against("one node", one).asked(Bound::RatioAtLeast(0.8)))?;
    let (_, one) = hand_over(1, AGREED, TEXTS_AT_AGREED).await?;
    let (around, three) = hand_over(3, AGREED, TEXTS_AT_AGREED).await?;
    report.add(Figure::new("three_nodes_at_1000", "postgres", three, "texts/s", around).against("one node, the provider's limit too 1,000/s", one))
}

/// So many gateways hand over so many texts; gives how many a second.
async fn hand_over(nodes: u16, rate: usize, texts: usize) -> anyhow::Result<(Surroundings, f64)> {
    let carrier = Carrier::start("")?;
    let more = format!(
        "[[channels]]\nname = \"out\"\nkind = \"sms\"\nprovider = \"twilio\"\naccount_sid = \"{}\"\nauth_token = \"{}\"\n\
         numbers = [\"{}\"]\napi_base = \"{}\"\nrate_per_s = {rate}\nconcurrency = {AT_ONCE}\n",
        webhook::ACCOUNT,
        webhook::TOKEN,
        webhook::OUR_NUMBER,
        carrier.url
    );
    let bed = Bed::make_with(Backend::Postgres, &more).await?;
    let measured = hand_over_on(&bed, &carrier, nodes, texts).await;
    bed.close().await?;
    carrier.stop().await;
    measured
}

async fn hand_over_on(bed: &Bed, carrier: &Carrier, nodes: u16, texts: usize) -> anyhow::Result<(Surroundings, f64)> {
    eprintln!("figures: three_nodes: {texts} texts by {nodes}");
    seed::plant_queue(&bed.app().await?, "out", texts).await?;
    execute(&bed.database_url, "UPDATE deliveries SET next_attempt_at = created_at + interval '1 day'").await?;
    let around = Surroundings::look(&bed.disk())?;
    let mut gateways = Vec::new();
    for node in 0..nodes {
        gateways.push(bed.start_node(2 + node).await?);
    }
    // All begin at one moment.
    let begin = format!("UPDATE deliveries SET next_attempt_at = clock_timestamp() AT TIME ZONE 'utc' + interval '{BEGINS_IN_S} seconds'");
    execute(&bed.database_url, &begin).await?;
    execute(&bed.database_url, "VACUUM ANALYZE deliveries").await?;
    let took = carrier.time(0, texts, Duration::from_secs(180)).await?;
    handover::all_recorded(bed, texts).await?;
    anyhow::ensure!(carrier.taken() == texts, "{} texts reached the carrier, of {texts}", carrier.taken());
    anyhow::ensure!(carrier.different() == texts, "only {} of {texts} deliveries were handed over, others twice", carrier.different());
    let rate = number(texts) / took.as_secs_f64();
    eprintln!("figures:   {rate:.0} a second by {nodes}");
    Ok((around, rate))
}
