//! `attribution`: of the texts that 20,000 residents send back, how many are tied for certain, how many probably, how many wait
//! in the tray, and how many are tied wrongly; from eight numbers and from one. No database takes part.

#[path = "../../tests/it/attribution/model.rs"]
mod model;
#[path = "../../tests/it/attribution/world.rs"]
mod world;

use model::{percent, run};
use world::Plan;

use crate::figure::{Bound, Figure, Report, Surroundings};

pub(crate) const NAMES: &[&str] = &[
    "attribution_certain",
    "attribution_certain_wrong",
    "attribution_probable",
    "attribution_probable_wrong",
    "attribution_tray",
    "attribution_determined",
    "attribution_first_one_number",
    "attribution_certain_wrong_one_number",
];

pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let around = Surroundings::look(&std::env::temp_dir())?;
    let plan = Plan { residents: 20_000, numbers: 8, alerts: 40, replies: 10_000, seed: 2026 };
    let eight = run(plan);
    eprintln!("figures: attribution from {} numbers: {}", plan.numbers, eight.report());
    let one = run(Plan { numbers: 1, ..plan });
    eprintln!("figures: attribution from one number: {}", one.report());
    let of_replies = |part| percent(part, eight.replies);
    let mut add = |name, value, unit| report.add(Figure::new(name, "none", value, unit, around));
    add("attribution_certain", of_replies(eight.certain.all()), "% of replies")?;
    add("attribution_probable", of_replies(eight.probable.all()), "% of replies")?;
    add("attribution_probable_wrong", percent(eight.probable.wrong, eight.probable.all()), "% of the probable")?;
    add("attribution_tray", of_replies(eight.tray), "% of replies")?;
    let mut held = |name, value, unit, bound| report.add(Figure::new(name, "none", value, unit, around).asked(bound));
    held("attribution_certain_wrong", f64::from(eight.certain.wrong), "replies", Bound::AtMost(0.0))?;
    held("attribution_determined", percent(eight.determined_certain, eight.determined), "% certain", Bound::AtLeast(97.0))?;
    held("attribution_first_one_number", percent(one.rank.first().copied().unwrap_or_default(), one.replies), "% of replies", Bound::AtLeast(90.0))?;
    held("attribution_certain_wrong_one_number", f64::from(one.certain.wrong), "replies", Bound::AtMost(0.0))
}
