//! `[pure]` What the results of one node say together of a channel.
//!
//! A few addresses that fail must not stop it for the others: what counts against it are copies that are handed over for the
//! first time, each once, and the share of what was taken meanwhile. An address that failed and is tried again says nothing,
//! however often. That nothing reaches the provider at all says something of this node's own line.

use std::collections::VecDeque;

use super::{Cause, Trial};
use crate::channels::SendError;
use crate::domain::At;

/// So many of the latest results are looked at,
const LATEST: usize = 20;
/// none older than this;
const FRESH_MS: i64 = 60_000;
/// so many must have failed, and
const ENOUGH: usize = 5;
/// no more than one in so many have been taken.
const ONE_IN: usize = 10;
/// So many in a row that did not reach the provider are the line.
const CUT: u32 = 5;
/// So many equal refusals for good in a row, with nothing taken, are of us.
const DENIED: usize = 20;

/// What one result says of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It took the text.
    Takes,
    /// Something about the person or this text; or it asks for patience. The channel works.
    Nothing,
    /// It did not take it, for a reason that is not the text's.
    Fails,
    /// It was not reached.
    Cut,
    /// It will not take this one, and does not say for certain that the address is why.
    Denies,
    /// It refuses us.
    Refuses,
}

/// Reads a result.
pub fn word(result: Result<(), &SendError>) -> Word {
    match result {
        Ok(()) => Word::Takes,
        Err(error) if error.ours && error.retryable => Word::Refuses,
        Err(error) if error.opted_out || error.theirs || error.retry_after_ms.is_some() => Word::Nothing,
        Err(error) if error.is_cut() => Word::Cut,
        Err(error) if error.retryable || error.doubtful => Word::Fails,
        Err(_) => Word::Denies,
    }
}

/// A result and whose it is.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// What it says.
    pub word: Word,
    /// The provider's code, where it has one.
    pub code: &'a str,
    /// Of which delivery.
    pub id: i64,
    /// Whether this was its first hand-over.
    pub is_first: bool,
    /// What it tried besides, if it was a trial.
    pub trial: Option<Trial>,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing new.
    Nothing,
    /// It takes what it is handed: closed, if it was open.
    Close,
    /// It does not: open.
    Open(Cause),
    /// It refuses for good whatever it is handed: open, as ours.
    Denied,
    /// A trial was not taken.
    Failed,
    /// A trial told nothing: another may be made soon.
    Again,
    /// This node does not reach it.
    Cut {
        /// As a trial showed.
        trial: bool,
    },
}

/// What the results of one node say together.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// When, and whether it was taken.
    latest: VecDeque<(At, bool)>,
    cut: u32,
    code: String,
    denied: Vec<i64>,
    denied_at: Option<At>,
}

impl Heard {
    /// Takes one more result into account.
    pub fn hear(&mut self, said: Said<'_>, now: At) -> Verdict {
        if said.word != Word::Cut {
            self.cut = 0;
        }
        match (said.word, said.trial) {
            (Word::Takes, _) => {
                self.denied.clear();
                self.note(true, now);
                Verdict::Close
            }
            (Word::Refuses, _) => Verdict::Open(Cause::Ours),
            (Word::Cut, trial) => {
                self.cut = self.cut.saturating_add(1);
                if self.cut >= CUT || trial.is_some() { Verdict::Cut { trial: trial.is_some() } } else { Verdict::Nothing }
            }
            (Word::Nothing, Some(Trial::Channel(_))) => Verdict::Again,
            (Word::Fails, Some(Trial::Channel(_))) | (Word::Denies, Some(Trial::Channel(Cause::Ours))) => Verdict::Failed,
            // The text's own fault, or all are refused alike: as many as show it are tried.
            (Word::Denies, Some(Trial::Channel(Cause::Outage))) => {
                let verdict = if said.is_first { self.deny(said, now) } else { Verdict::Nothing };
                if verdict == Verdict::Denied { verdict } else { Verdict::Again }
            }
            (Word::Denies, _) if said.is_first => self.deny(said, now),
            (Word::Fails, _) if said.is_first => {
                self.note(false, now);
                self.weigh()
            }
            (Word::Nothing | Word::Fails | Word::Denies, _) => Verdict::Nothing,
        }
    }

    /// Those that were refused for good one after the other, with the code: should it turn out to be us who are.
    pub fn denied(&self) -> (&str, &[i64]) {
        (&self.code, &self.denied)
    }

    fn deny(&mut self, said: Said<'_>, now: At) -> Verdict {
        // What was under way when it opened is of the same run; what comes much later is judged anew.
        let is_over = self.denied.len() >= DENIED && self.denied_at.is_some_and(|at| now.since_ms(at).abs() > FRESH_MS);
        if self.code != said.code || is_over {
            said.code.clone_into(&mut self.code);
            self.denied.clear();
        }
        self.denied.push(said.id);
        self.denied_at = Some(now);
        if self.denied.len() >= DENIED { Verdict::Denied } else { Verdict::Nothing }
    }

    fn note(&mut self, is_taken: bool, now: At) {
        self.latest.push_back((now, is_taken));
        let is_old = |at: At| now.since_ms(at).abs() > FRESH_MS;
        while self.latest.len() > LATEST || self.latest.front().is_some_and(|(at, _)| is_old(*at)) {
            self.latest.pop_front();
        }
    }

    fn weigh(&mut self) -> Verdict {
        let taken = self.latest.iter().filter(|(_, is_taken)| *is_taken).count();
        if self.latest.len() - taken < ENOUGH || taken * ONE_IN > self.latest.len() {
            return Verdict::Nothing;
        }
        // What follows is judged by itself.
        self.latest.clear();
        Verdict::Open(Cause::Outage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> At {
        At::from_unix_ms(1_800_000_000_000 + ms)
    }

    fn down() -> SendError {
        SendError::temporary("503", "down")
    }

    /// The result of a delivery's first hand-over.
    fn first(result: Result<(), &SendError>) -> Said<'_> {
        Said { word: word(result), code: result.err().map_or("", |error| &error.code), id: 1, is_first: true, trial: None }
    }

    #[test]
    fn copies_that_fail_one_after_the_other_are_an_outage_and_one_refusal_is_ours() {
        let (down, mut heard) = (down(), Heard::default());
        for _ in 0..4 {
            assert_eq!(heard.hear(first(Err(&down)), at(0)), Verdict::Nothing);
        }
        assert_eq!(heard.hear(first(Err(&down)), at(0)), Verdict::Open(Cause::Outage));
        assert_eq!(heard.hear(first(Ok(())), at(0)), Verdict::Close);
        assert_eq!(heard.hear(first(Err(&down)), at(0)), Verdict::Nothing, "judged anew");
        assert_eq!(heard.hear(first(Err(&SendError::misconfigured("401", "wrong token"))), at(0)), Verdict::Open(Cause::Ours));
    }

    #[test]
    fn addresses_that_fail_say_nothing_however_often_they_are_tried() {
        let (down, mut heard) = (down(), Heard::default());
        for n in 0..1_000 {
            let said = if n % 4 == 0 { first(Ok(())) } else { first(Err(&down)) };
            let verdict = heard.hear(said, at(n));
            assert!(!matches!(verdict, Verdict::Open(_)), "three in four fail, and one is taken: {verdict:?} at {n}");
        }
        for n in 0..1_000 {
            assert_eq!(heard.hear(Said { is_first: false, ..first(Err(&down)) }, at(n)), Verdict::Nothing);
        }
    }

    #[test]
    fn an_outage_after_a_good_time_is_known_within_twenty_copies_and_what_is_old_does_not_count() {
        let (down, mut heard) = (down(), Heard::default());
        for n in 0..500 {
            heard.hear(first(Ok(())), at(n));
        }
        let until = (0..40).position(|n| heard.hear(first(Err(&down)), at(500 + n)) == Verdict::Open(Cause::Outage)).unwrap();
        assert!(until <= 20, "after {until}");
        for n in 0..20 {
            assert_eq!(heard.hear(first(Err(&down)), at(n * 20_000)), Verdict::Nothing, "three a minute are no evidence");
        }
    }

    #[test]
    fn a_bad_address_or_a_word_of_patience_says_nothing_of_the_channel() {
        let mut heard = Heard::default();
        for _ in 0..50 {
            assert_eq!(heard.hear(first(Err(&SendError::permanent("21211", "not a number"))), at(0)), Verdict::Nothing);
            let slow = SendError { retry_after_ms: Some(1_000), ..SendError::temporary("429", "slow down") };
            assert_eq!(heard.hear(first(Err(&slow)), at(0)), Verdict::Nothing);
            assert_eq!(heard.hear(first(Err(&SendError { theirs: true, ..SendError::temporary("452", "full") })), at(0)), Verdict::Nothing);
        }
    }

    #[test]
    fn equal_refusals_for_good_are_of_us_unless_something_is_taken() {
        let (refused, other) = (SendError::refused("550", "no"), SendError::refused("554", "no"));
        let mut heard = Heard::default();
        for round in 0..3 {
            for n in 1..20 {
                assert_eq!(heard.hear(Said { id: n, ..first(Err(&refused)) }, at(0)), Verdict::Nothing, "{n} in round {round}");
            }
            let said = if round == 1 { first(Err(&other)) } else { first(Ok(())) };
            heard.hear(said, at(0));
        }
        for n in 1..20 {
            assert_eq!(heard.hear(Said { id: n, ..first(Err(&refused)) }, at(0)), Verdict::Nothing);
            assert_eq!(heard.hear(Said { is_first: false, ..first(Err(&refused)) }, at(0)), Verdict::Nothing, "a second time it is the address");
            assert!(heard.denied().1.len() < 20);
        }
        assert_eq!(heard.hear(Said { id: 20, ..first(Err(&refused)) }, at(0)), Verdict::Denied);
        assert_eq!(heard.denied(), ("550", &(1..=20).collect::<Vec<i64>>()[..]));
        heard.hear(first(Ok(())), at(0));
        assert!(heard.denied().1.is_empty());
    }

    #[test]
    fn a_trial_has_its_verdict_whatever_it_says() {
        let (down, refused, bad) = (down(), SendError::refused("550", "no"), SendError::permanent("551", "gone"));
        let cut = SendError::temporary("connect", "no way");
        let trial = |cause, result| Heard::default().hear(Said { trial: Some(Trial::Channel(cause)), is_first: false, ..first(result) }, at(0));
        for (cause, result, verdict) in [
            (Cause::Outage, Ok(()), Verdict::Close),
            (Cause::Outage, Err(&down), Verdict::Failed),
            (Cause::Outage, Err(&bad), Verdict::Again),
            (Cause::Outage, Err(&refused), Verdict::Again),
            (Cause::Ours, Err(&refused), Verdict::Failed),
            (Cause::Outage, Err(&cut), Verdict::Cut { trial: true }),
        ] {
            assert_eq!(trial(cause, result), verdict, "{cause:?} {result:?}");
        }
        // A trial of the line says nothing of the channel, once it reaches it.
        let line = |result| Heard::default().hear(Said { trial: Some(Trial::Line), ..first(result) }, at(0));
        assert_eq!((line(Err(&down)), line(Err(&cut)), line(Ok(()))), (Verdict::Nothing, Verdict::Cut { trial: true }, Verdict::Close));
    }

    #[test]
    fn what_does_not_reach_the_provider_five_times_in_a_row_is_the_line_though_it_were_one_text() {
        let (cut, mut heard) = (SendError::temporary("connect", "no way"), Heard::default());
        let said = Said { is_first: false, ..first(Err(&cut)) };
        for _ in 0..4 {
            assert_eq!(heard.hear(said, at(0)), Verdict::Nothing);
        }
        assert_eq!(heard.hear(said, at(0)), Verdict::Cut { trial: false });
        heard.hear(first(Ok(())), at(0));
        assert_eq!(heard.hear(said, at(0)), Verdict::Nothing);
    }
}
