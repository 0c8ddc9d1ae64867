//! `[pure]` When an alert will be out: by how fast it went in the last minute and by what its channels may do, never better than
//! either; or why nothing can be said.

use crate::domain::At;
use crate::domain::alert::Hold;

/// What is known of an alert that goes out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// It goes out no sooner.
    pub starts_at: Option<At>,
    /// Nothing leaves, for this reason.
    pub hold: Option<Hold>,
    /// When quiet hours end, if it is held by them.
    pub quiet_until: Option<At>,
    /// Texts and mails that have not left, those still to be queued among them.
    pub left: [i64; 2],
    /// What their channels may hand over in a second.
    pub agreed_per_s: [i64; 2],
    /// How many left in a second, in the last minute, in thousandths.
    pub measured_per_ks: Option<i64>,
    /// Its provider does not take messages just now.
    pub refused: bool,
    /// Its provider asked for patience until then.
    pub patience: Option<At>,
    /// Another alert goes first.
    pub behind: bool,
}

/// What can be said of its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forecast {
    /// Nothing waits.
    Out,
    /// It begins then.
    Begins(At),
    /// An officer paused it.
    Paused,
    /// Taken back.
    TakenBack,
    /// It goes on then.
    Quiet(Option<At>),
    /// Its provider does not take what it is handed.
    Refused,
    /// Its provider asked for patience until then.
    Patience(At),
    /// Another goes first, and nothing of this one leaves.
    Behind,
    /// Nothing has left in the last seconds, and no reason is known.
    Still,
    /// So many seconds, by the rate of the last minute.
    Measured(i64),
    /// So many seconds, by the agreed rates.
    Agreed(i64),
}

/// Says when.
pub fn forecast(known: &Known, scheduled: bool) -> Forecast {
    let left: i64 = known.left.iter().sum();
    let agreed = known.left.iter().zip(known.agreed_per_s).map(|(left, rate)| left.saturating_add(rate - 1) / rate.max(1)).max().unwrap_or(0);
    match (known.hold, known.starts_at, known.measured_per_ks) {
        (Some(Hold::TakenBack), ..) => Forecast::TakenBack,
        (Some(Hold::Paused), ..) => Forecast::Paused,
        (Some(Hold::Quiet), ..) => Forecast::Quiet(known.quiet_until),
        (None, Some(at), _) if scheduled => Forecast::Begins(at),
        _ if left <= 0 => Forecast::Out,
        _ if known.refused => Forecast::Refused,
        (.., Some(0) | None) if known.behind => Forecast::Behind,
        (.., rate) if known.patience.is_some() && rate.unwrap_or(0) == 0 => known.patience.map_or(Forecast::Still, Forecast::Patience),
        (.., Some(rate)) => match seconds(left, rate) {
            None => Forecast::Still,
            // Not faster than what was agreed, however fast the last minute was.
            Some(seconds) if seconds >= agreed => Forecast::Measured(seconds),
            Some(_) => Forecast::Agreed(agreed),
        },
        _ => Forecast::Agreed(agreed),
    }
}

/// How long so many take at this rate; `None` if it stands still.
fn seconds(left: i64, thousandths: i64) -> Option<i64> {
    (thousandths > 0).then(|| left.saturating_mul(1_000).saturating_add(thousandths - 1) / thousandths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_promises_more_than_was_agreed_or_than_it_does() {
        let at = At::from_unix_ms(0);
        let going = Known { left: [6_000, 100], agreed_per_s: [100, 50], ..Known::default() };
        let rows = [
            (going, Forecast::Agreed(60)),
            (Known { measured_per_ks: Some(10_000), ..going }, Forecast::Measured(610)),
            (Known { measured_per_ks: Some(5_000_000), ..going }, Forecast::Agreed(60)),
            (Known { measured_per_ks: Some(500), left: [1, 0], ..going }, Forecast::Measured(2)),
            (Known { measured_per_ks: Some(0), ..going }, Forecast::Still),
            (Known { measured_per_ks: Some(0), behind: true, ..going }, Forecast::Behind),
            (Known { behind: true, ..going }, Forecast::Behind),
            (Known { measured_per_ks: Some(10_000), behind: true, ..going }, Forecast::Measured(610)),
            (Known { measured_per_ks: Some(0), patience: Some(at), ..going }, Forecast::Patience(at)),
            (Known { refused: true, patience: Some(at), ..going }, Forecast::Refused),
            (Known { refused: true, measured_per_ks: Some(10_000), ..going }, Forecast::Refused),
            (Known { left: [0, 0], refused: true, ..going }, Forecast::Out),
            (Known { hold: Some(Hold::Paused), refused: true, ..going }, Forecast::Paused),
            (Known { hold: Some(Hold::TakenBack), ..going }, Forecast::TakenBack),
            (Known { hold: Some(Hold::Quiet), quiet_until: Some(at), ..going }, Forecast::Quiet(Some(at))),
            (Known { starts_at: Some(at), ..going }, Forecast::Agreed(60)),
        ];
        for (known, expected) in rows {
            assert_eq!(forecast(&known, false), expected, "{known:?}");
        }
        assert_eq!(forecast(&Known { starts_at: Some(at), ..going }, true), Forecast::Begins(at));
        assert_eq!(forecast(&Known { hold: Some(Hold::Paused), starts_at: Some(at), ..going }, true), Forecast::Paused);
    }
}
