//! [pure] The response chart as SVG, drawn on the server: stacked bars for replies. Its table stands beside it.

use std::fmt::Write;

use super::Hour;

const WIDTH: i64 = 960;
const HEIGHT: i64 = 240;
const LEFT: i64 = 44;
const BOTTOM: i64 = 28;
const TOP: i64 = 12;

/// Draws the hours; `labels` are what stands below each bar, empty where none should.
pub fn draw(hours: &[Hour], labels: &[String], title: &str) -> String {
    let most = hours.iter().map(|hour| hour.sms + hour.email).max().unwrap_or(0);
    let ceiling = round_up(most);
    let count = i64::try_from(hours.len()).unwrap_or(1).max(1);
    let (plot_width, plot_height) = (WIDTH - LEFT - 8, HEIGHT - TOP - BOTTOM);
    let mut svg = format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>", escape(title));
    for step in 0..=4 {
        let y = TOP + plot_height - plot_height * step / 4;
        let _infallible = write!(svg, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>", WIDTH - 8);
        let _infallible = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", LEFT - 6, y + 4, ceiling * step / 4);
    }
    let slot = plot_width / count;
    let bar = (slot - 2).max(1);
    for ((index, hour), label) in (0_i64..).zip(hours).zip(labels.iter().map(Some).chain(std::iter::repeat(None))) {
        let x = LEFT + plot_width * index / count + 1;
        let (sms, email) = (plot_height * hour.sms / ceiling, plot_height * hour.email / ceiling);
        let base = TOP + plot_height;
        if sms > 0 {
            let _infallible = write!(svg, "<rect class=\"bar-sms\" x=\"{x}\" y=\"{}\" width=\"{bar}\" height=\"{sms}\"/>", base - sms);
        }
        if email > 0 {
            let _infallible = write!(svg, "<rect class=\"bar-email\" x=\"{x}\" y=\"{}\" width=\"{bar}\" height=\"{email}\"/>", base - sms - email);
        }
        if let Some(label) = label.filter(|label| !label.is_empty()) {
            let _infallible = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>", x + bar / 2, HEIGHT - 8, escape(label));
        }
    }
    let base = TOP + plot_height;
    let _infallible = write!(svg, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{base}\" y2=\"{base}\"/></svg>", WIDTH - 8);
    svg
}

/// A ceiling that divides by four and is easy to read.
fn round_up(most: i64) -> i64 {
    let mut step = 4;
    while step < most {
        step = match step.to_string().chars().next() {
            Some('4') => step * 2,
            Some('8') => step / 8 * 20,
            _ => step * 2,
        };
    }
    step
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_for_their_numbers_and_nothing_can_break_out_of_the_title() {
        let hours = [Hour { sms: 4, ..Hour::default() }, Hour { email: 2, sms: 2, ..Hour::default() }, Hour::default()];
        let svg = draw(&hours, &["09".into()], "Replies <\"&");
        assert_eq!(svg.matches("bar-sms").count(), 2);
        assert_eq!(svg.matches("bar-email").count(), 1);
        assert!(svg.contains("Replies &lt;&quot;&amp;"));
    }

    #[test]
    fn the_ceiling_is_never_below_the_tallest_bar() {
        for most in 0..5_000 {
            let ceiling = round_up(most);
            assert!(ceiling >= most && ceiling % 4 == 0, "{most} {ceiling}");
        }
    }
}
