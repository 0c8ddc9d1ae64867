//! Learns how people tell of danger, from the labelled lines in `fixtures/texts/urgency.jsonl`, and writes `weights.bin`.
//!
//! `cargo run --release --example learn_urgency` first learns from nine tenths of the lines and reads the last tenth, ten times,
//! and prints how the rules and what was learned do together on lines that were not learned from; then it learns from all.
//! `-v` names the lines that were read otherwise.

use std::collections::BTreeMap;
use std::path::Path;

use huecry::domain::place::Urgency;
use huecry::inbound::classify::learned::chance;
use huecry::inbound::classify::urgency::learned::{self, BUCKETS, Features, Model};
use huecry::inbound::classify::urgency::{About, Heard, assess_by};
use serde_json::Value;

const ROUNDS: usize = 20;
const RATE: f32 = 0.2;
const FOLDS: usize = 10;

struct Line {
    half: String,
    text: String,
    kind: String,
    alert: String,
    life: bool,
    features: Features,
}

impl Line {
    fn of(line: &Value) -> anyhow::Result<Self> {
        let word = |path: &str| line.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let life = line.pointer("/life_at_risk").and_then(Value::as_bool).ok_or_else(|| anyhow::anyhow!("a line has no label: {line}"))?;
        let (half, text, kind, alert) = (word("/half"), word("/text"), word("/alert/kind"), word("/alert/text"));
        let features = learned::features(&Heard::of(&text, &About { kind: &kind, alert_text: &alert, places: &[] }));
        Ok(Self { half, text, kind, alert, life, features })
    }
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("fixtures/texts/urgency.jsonl"))?;
    let mut lines = text.lines().map(|line| Line::of(&serde_json::from_str(line)?)).collect::<anyhow::Result<Vec<_>>>()?;
    lines.extend(ordinary(root)?);
    let mut told: BTreeMap<(&str, bool, &str), (usize, usize)> = BTreeMap::new();
    for fold in 0..FOLDS {
        let model = learn(&lines.iter().enumerate().filter(|(n, _)| n % FOLDS != fold).map(|(_, line)| line).collect::<Vec<_>>());
        for (_, line) in lines.iter().enumerate().filter(|(n, _)| n % FOLDS == fold) {
            let about = About { kind: &line.kind, alert_text: &line.alert, places: &[] };
            for (reader, model) in [("rules alone", None), ("both", Some(&model))] {
                let is_life = assess_by(&line.text, &about, model).urgency == Urgency::Life;
                let (of, all) = told.entry((&line.half, line.life, reader)).or_default();
                *of += usize::from(is_life);
                *all += 1;
                if model.is_some() && is_life != line.life && std::env::args().any(|arg| arg == "-v") {
                    println!("{}: {}", if line.life { "missed" } else { "false" }, line.text);
                }
            }
        }
    }
    for ((half, life, reader), (of, all)) in &told {
        println!("{half}, {}, {reader}: {of} of {all} read as life at risk", if *life { "life at risk" } else { "others" });
    }
    std::fs::write(root.join("src/inbound/classify/urgency/weights.bin"), learn(&lines.iter().collect::<Vec<_>>()).written())?;
    Ok(())
}

/// What most people write: answers without any danger, and the lines of the wishes in which no rule hears one.
fn ordinary(root: &Path) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for name in ["ordinary.jsonl", "wishes.jsonl", "wishes_learned.jsonl"] {
        for line in std::fs::read_to_string(root.join("fixtures/texts").join(name))?.lines() {
            let line: Value = serde_json::from_str(line)?;
            let text = line.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
            let known = name == "ordinary.jsonl";
            if known || assess_by(&text, &About::default(), None).urgency == Urgency::None {
                let half = if known { "ordinary" } else { "wishes" };
                lines.push(Line::of(&serde_json::json!({ "text": text, "half": half, "life_at_risk": false }))?);
            }
        }
    }
    Ok(lines)
}

/// Logistic regression by `AdaGrad`, in an order that is the same each time.
fn learn(lines: &[&Line]) -> Model {
    let (mut bias, mut words, mut marks) = (0.0_f32, Row::new(), Row::new());
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..ROUNDS {
        for n in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(n, usize::try_from(state >> 33).unwrap_or(0) % (n + 1));
        }
        for line in order.iter().filter_map(|n| lines.get(*n)) {
            let share = learned::share(line.features.words.len());
            let sum = words.sum(&line.features.words) * share + marks.sum(&line.features.marks) + bias;
            let error = chance(sum) - f32::from(u8::from(line.life));
            bias -= 0.01 * error;
            words.mend(&line.features.words, error * share);
            marks.mend(&line.features.marks, error);
        }
    }
    Model::of(bias, &words.weights, &marks.weights)
}

/// Weights, and how far each has moved.
struct Row {
    weights: Vec<f32>,
    seen: Vec<f32>,
}

impl Row {
    fn new() -> Self {
        Self { weights: vec![0.0; BUCKETS], seen: vec![1e-6; BUCKETS] }
    }

    fn sum(&self, features: &[usize]) -> f32 {
        features.iter().filter_map(|bucket| self.weights.get(*bucket)).sum()
    }

    fn mend(&mut self, features: &[usize], error: f32) {
        for bucket in features {
            if let (Some(weight), Some(seen)) = (self.weights.get_mut(*bucket), self.seen.get_mut(*bucket)) {
                let slope = error + 1e-4 * *weight;
                *seen += slope * slope;
                *weight -= RATE * slope / seen.sqrt();
            }
        }
    }
}
