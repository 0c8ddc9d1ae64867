//! `[pure]` What the readers that learn have in common: weights spread over buckets, one byte each, and how words fall into
//! them. What is learned, and what it may decide, is each reader's own.

/// Features are spread over so many weights.
pub const BUCKETS: usize = 1 << 16;

/// One question's weights.
#[derive(Clone)]
pub(super) struct Scale {
    bias: f32,
    step: f32,
    weights: Vec<i8>,
}

impl Scale {
    pub(super) fn of((bias, weights): (f32, &[f32])) -> Self {
        let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, weight| largest.max(weight.abs()));
        let step = largest / f32::from(i8::MAX);
        Self { bias, step, weights: weights.iter().map(|weight| nearest(weight / step)).collect() }
    }

    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (bias, rest) = bytes.split_first_chunk::<4>()?;
        let (step, rest) = rest.split_first_chunk::<4>()?;
        let (weights, rest) = rest.split_at_checked(BUCKETS)?;
        let weights = weights.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        Some((Self { bias: f32::from_le_bytes(*bias), step: f32::from_le_bytes(*step), weights }, rest))
    }

    pub(super) fn written(&self) -> Vec<u8> {
        let mut out = [self.bias.to_le_bytes(), self.step.to_le_bytes()].concat();
        out.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
        out
    }

    /// The chance of a yes, of a text with these features.
    pub(super) fn chance(&self, heard: &[usize]) -> f32 {
        chance(self.sum(heard) * share(heard.len()) + self.bias)
    }

    /// What these features weigh together, without the bias.
    pub(super) fn sum(&self, heard: &[usize]) -> f32 {
        let sum: i32 = heard.iter().filter_map(|bucket| self.weights.get(*bucket)).map(|weight| i32::from(*weight)).sum();
        // Exact: a text has some thousands of features at the most.
        f32::from(i16::try_from(sum.clamp(-32_000, 32_000)).unwrap_or(0)) * self.step
    }

    /// What speaks for a yes before anything is heard.
    pub(super) const fn bias(&self) -> f32 {
        self.bias
    }
}

/// From a sum of weights to a chance.
pub fn chance(sum: f32) -> f32 {
    1.0 / (1.0 + (-sum).exp())
}

/// Each feature of a text counts so much: a long text has many, and none speaks louder for it.
pub fn share(features: usize) -> f32 {
    1.0 / f32::from(u16::try_from(features.max(1)).unwrap_or(u16::MAX)).sqrt()
}

fn nearest(value: f32) -> i8 {
    // Weights are between -127 and 127 steps by construction.
    (i8::MIN..=i8::MAX).min_by(|a, b| (f32::from(*a) - value).abs().total_cmp(&(f32::from(*b) - value).abs())).unwrap_or(0)
}

/// FNV-1a, 32 bits, folded to a bucket.
pub(super) fn bucket(kind: usize, text: &str) -> usize {
    let kind = u8::try_from(kind).unwrap_or(0);
    let hash = std::iter::once(kind).chain(text.bytes()).fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    usize::try_from((hash ^ (hash >> 16)) & 0xffff).unwrap_or(0)
}
