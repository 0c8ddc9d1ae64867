//! `[pure]` From lines with their roles to what is shown and what is folded.

use super::lines::Line;
use super::{Reader, Role, Run, Visible, is_written, signature};
use crate::domain::inbound::TextPart;

impl Reader<'_> {
    pub(super) fn divide(mut self) -> Visible {
        let mut runs = self.runs();
        // What a program or an employer added is no answer: it makes no run of its own.
        let mut said: Vec<(Run, usize, usize)> = Vec::new();
        for run in runs.iter_mut().filter(|run| matches!(run.role, Role::Said | Role::Passed)) {
            let (from, to) = match run.role {
                Role::Passed => (0, run.to - run.from),
                _ => signature::spoken(self.lines.get(run.from..run.to).unwrap_or_default()),
            };
            if from < to {
                said.push((*run, run.from + from, run.from + to));
            }
        }
        let first_quote_ends = runs.iter().find(|run| run.role == Role::Quoted).map_or(usize::MAX, |run| run.to);
        let quoted_before = |at: usize| first_quote_ends <= at;
        let answers = said.iter().filter(|(run, ..)| run.role == Role::Said && quoted_before(run.from)).count();
        // One alone may be what somebody writes below a quote; with the quote going on below it, it answers what is above it.
        let last_quote_begins = runs.iter().rev().find(|run| run.role == Role::Quoted).map_or(0, |run| run.from);
        let between = said.iter().any(|(run, ..)| run.role == Role::Said && quoted_before(run.from) && run.to <= last_quote_begins);
        let in_place = answers >= 2 || between;
        if in_place {
            self.because("answers stand between the quotes");
        }
        let mut kept = vec![false; self.lines.len()];
        let mut text = String::new();
        for (run, from, to) in &said {
            if in_place && let Some(question) = self.question(&runs, run.from) {
                part(&mut text);
                text.push_str("> ");
                text.push_str(&question);
            }
            part(&mut text);
            let mut blank = false;
            for at in *from..*to {
                let Some(line) = self.lines.get(at) else { continue };
                if let Some(kept) = kept.get_mut(at) {
                    *kept = true;
                }
                let words = line.text.trim_end();
                if words.trim().is_empty() {
                    blank = true;
                    continue;
                }
                if !text.is_empty() && !text.ends_with("\n\n") {
                    text.push_str(if blank { "\n\n" } else { "\n" });
                }
                blank = false;
                // Typed arrows come back as they were; what is passed on stands in marks of the program's.
                for _ in 0..if run.role == Role::Passed { 0 } else { line.depth } {
                    text.push_str("> ");
                }
                text.push_str(words);
            }
        }
        let text = text.trim().to_owned();
        if text.is_empty() {
            return self.nothing_said();
        }
        let folded = self.written(|at| !kept.get(at).copied().unwrap_or(false));
        if !folded.is_empty() && self.reasons.is_empty() {
            self.because("a signature or footer was folded");
        }
        Visible { text, folded, reasons: self.reasons }
    }

    /// With nothing above, below or between: a photo alone is an answer; else everything stays in sight.
    fn nothing_said(mut self) -> Visible {
        let all = self.written(|_| true);
        if self.body.files || all.is_empty() {
            self.because("no words, only files");
            return Visible { text: String::new(), folded: all, reasons: self.reasons };
        }
        let theirs = self.written(|at| self.share(at) < 0.5 && self.lines.get(at).is_some_and(is_written) && self.roles.get(at) != Some(&Role::Intro));
        let ours = (0..self.lines.len()).any(|at| self.share(at) >= 0.8);
        self.because("no words of their own were found: all is shown");
        if ours {
            return Visible { text: theirs, folded: all, reasons: self.reasons };
        }
        Visible { text: all, folded: String::new(), reasons: self.reasons }
    }

    /// The paragraph that stands right above an answer.
    fn question(&self, runs: &[Run], from: usize) -> Option<String> {
        let above = runs.get(runs.partition_point(|run| run.to <= from).checked_sub(1)?)?;
        if above.role != Role::Quoted {
            return None;
        }
        let mut end = above.to;
        while end > above.from && self.lines.get(end - 1).is_some_and(Line::is_blank) {
            end -= 1;
        }
        let mut top = end;
        while top > above.from && self.lines.get(top - 1).is_some_and(|line| !line.is_blank()) {
            top -= 1;
        }
        // Lines of HTML are paragraphs already.
        if matches!(self.body.parts.first(), Some(TextPart::Html(_))) {
            top = end - 1;
        }
        let words: Vec<&str> = self.lines.get(top..end)?.iter().map(|line| line.text.trim()).collect();
        Some(words.join(" ")).filter(|words| !words.is_empty())
    }

    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let role = self.roles.get(at).copied().unwrap_or(Role::Said);
            match runs.last_mut() {
                // A blank at the top level belongs to whatever is above it.
                Some(last) if last.role == role || line.is_blank() => last.to = at + 1,
                _ => runs.push(Run { role, from: at, to: at + 1 }),
            }
        }
        runs
    }

    fn written(&self, which: impl Fn(usize) -> bool) -> String {
        let mut out = String::new();
        for line in self.lines.iter().enumerate().filter(|(at, _)| which(*at)).map(|(_, line)| line) {
            if line.is_blank() {
                if !out.ends_with("\n\n") && !out.is_empty() {
                    out.push('\n');
                }
                continue;
            }
            for _ in 0..line.depth.min(9) {
                out.push_str("> ");
            }
            out.push_str(line.text.trim_end());
            out.push('\n');
        }
        out.trim().to_owned()
    }
}

fn part(text: &mut String) {
    if !text.is_empty() && !text.ends_with("\n\n") {
        text.push_str("\n\n");
    }
}
