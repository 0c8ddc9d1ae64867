//! Learns what people write who want out, from the labelled lines in `fixtures/texts`, and writes `weights.bin`.
//!
//! `cargo run --release --example learn_wishes` first learns from nine tenths of the lines and reads the last tenth, ten times,
//! and prints how the rules and what was learned do together on lines that were not learned from; then it learns from all.

use std::collections::BTreeMap;
use std::path::Path;

use huecry::inbound::classify::opt_out::learned::{self, BUCKETS, Model};
use huecry::inbound::classify::opt_out::{self, Context, TextClass};
use serde::Deserialize;

const ROUNDS: usize = 40;
const RATE: f32 = 0.5;
const FOLDS: usize = 10;

#[derive(Deserialize)]
struct Line {
    text: String,
    #[serde(default = "message")]
    class: String,
}

/// What has no label is what most people write.
fn message() -> String {
    "message".to_owned()
}

struct Example {
    heard: Vec<usize>,
    out: bool,
    wish: bool,
}

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lines = Vec::new();
    for name in ["wishes.jsonl", "wishes_learned.jsonl", "ordinary.jsonl"] {
        let text = std::fs::read_to_string(root.join("fixtures/texts").join(name))?;
        for line in text.lines() {
            lines.push(serde_json::from_str::<Line>(line)?);
        }
    }
    let examples: Vec<Example> = lines
        .iter()
        .map(|line| Example {
            heard: learned::features(&opt_out::plain(&line.text)),
            out: line.class == "opt_out",
            wish: matches!(line.class.as_str(), "opt_out" | "review"),
        })
        .collect();
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for fold in 0..FOLDS {
        let model = learn(examples.iter().enumerate().filter(|(n, _)| n % FOLDS != fold).map(|(_, example)| example).collect());
        for (_, line) in lines.iter().enumerate().filter(|(n, _)| n % FOLDS == fold) {
            let class = opt_out::read_by(&line.text, &Context::default(), Some(&model)).class;
            *told.entry((line.class.as_str(), class.as_str())).or_default() += 1;
            if std::env::args().any(|arg| arg == "-v") && line.class != class.as_str() && (class == TextClass::OptOut || line.class == "opt_out") {
                println!("{} read as {}: {}", line.class, class, line.text);
            }
        }
    }
    for ((label, read), count) in &told {
        println!("{label} read as {read}: {count}");
    }
    let model = learn(examples.iter().collect());
    std::fs::write(root.join("src/inbound/classify/opt_out/weights.bin"), model.written())?;
    Ok(())
}

fn learn(examples: Vec<&Example>) -> Model {
    let out = regress(&examples, |example| example.out);
    let wish = regress(&examples, |example| example.wish);
    Model::of((out.0, &out.1), (wish.0, &wish.1))
}

/// Logistic regression by `AdaGrad`, in an order that is the same each time.
fn regress(examples: &[&Example], label: impl Fn(&Example) -> bool) -> (f32, Vec<f32>) {
    let (mut bias, mut weights, mut seen) = (0.0_f32, vec![0.0_f32; BUCKETS], vec![1e-6_f32; BUCKETS]);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..ROUNDS {
        for n in (1..order.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(n, usize::try_from(state >> 33).unwrap_or(0) % (n + 1));
        }
        for example in order.iter().filter_map(|n| examples.get(*n)) {
            let share = learned::share(example.heard.len());
            let sum = example.heard.iter().filter_map(|bucket| weights.get(*bucket)).sum::<f32>();
            let chance = 1.0 / (1.0 + (-(sum * share + bias)).exp());
            let error = chance - f32::from(u8::from(label(example)));
            bias -= 0.01 * error;
            for bucket in &example.heard {
                if let (Some(weight), Some(seen)) = (weights.get_mut(*bucket), seen.get_mut(*bucket)) {
                    let slope = error * share + 1e-5 * *weight;
                    *seen += slope * slope;
                    *weight -= RATE * slope / seen.sqrt();
                }
            }
        }
    }
    (bias, weights)
}
