//! `[pure]` The response chart as SVG, drawn on the server: replies as stacked bars above, what became of our copies as lines
//! below, on scales of their own. Its table stands beside it.

use std::fmt::Write;

use super::Hour;

const WIDTH: i64 = 960;
const HEIGHT: i64 = 360;
const LEFT: i64 = 44;
const RIGHT: i64 = 8;

/// Where a plot stands and how high its values go.
struct Plot {
    top: i64,
    height: i64,
    ceiling: i64,
}

const BARS: (i64, i64) = (12, 196);
const LINES: (i64, i64) = (236, 96);

/// Draws the hours; `labels` are what stands below each hour, empty where none should.
pub fn draw(hours: &[Hour], labels: &[String], title: &str) -> String {
    let mut svg = format!("<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>", escape(title));
    let bars = Plot::new(BARS, hours.iter().map(|hour| hour.sms + hour.email).max());
    let lines = Plot::new(LINES, hours.iter().map(|hour| hour.delivered.max(hour.failed).max(hour.opted_out)).max());
    bars.grid(&mut svg, 4);
    lines.grid(&mut svg, 2);
    let count = i64::try_from(hours.len()).unwrap_or(1).max(1);
    for (index, hour) in (0_i64..).zip(hours) {
        bars.stack(&mut svg, left(index, count) + 1, (left(index + 1, count) - left(index, count) - 2).max(1), *hour);
    }
    for (index, label) in (0_i64..).zip(labels).filter(|(_, label)| !label.is_empty()) {
        let x = i64::midpoint(left(index, count), left(index + 1, count));
        let _infallible = write!(svg, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>", HEIGHT - 8, escape(label));
    }
    lines.line(&mut svg, "line-delivered", hours.iter().map(|hour| hour.delivered), count);
    lines.line(&mut svg, "line-failed", hours.iter().map(|hour| hour.failed), count);
    lines.line(&mut svg, "line-out", hours.iter().map(|hour| hour.opted_out), count);
    svg.push_str("</svg>");
    svg
}

fn left(index: i64, count: i64) -> i64 {
    LEFT + (WIDTH - LEFT - RIGHT) * index / count
}

impl Plot {
    fn new((top, height): (i64, i64), most: Option<i64>) -> Self {
        Self { top, height, ceiling: round_up(most.unwrap_or(0)) }
    }

    fn y(&self, value: i64) -> i64 {
        self.top + self.height - self.height * value / self.ceiling
    }

    fn grid(&self, svg: &mut String, steps: i64) {
        for step in 0..=steps {
            let (value, class) = (self.ceiling * step / steps, if step == 0 { "axis" } else { "grid" });
            let y = self.y(value);
            let _infallible = write!(svg, "<line class=\"{class}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>", WIDTH - RIGHT);
            let _infallible = write!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{value}</text>", LEFT - 6, y + 4);
        }
    }

    fn stack(&self, svg: &mut String, x: i64, width: i64, hour: Hour) {
        let mut below = 0;
        for (class, value) in [("bar-sms", hour.sms), ("bar-email", hour.email)] {
            let (bottom, top) = (self.y(below), self.y(below + value));
            if value > 0 {
                let _infallible = write!(svg, "<rect class=\"{class}\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{}\"/>", (bottom - top).max(1));
            }
            below += value;
        }
    }

    fn line(&self, svg: &mut String, class: &str, values: impl Iterator<Item = i64>, count: i64) {
        let middle = |index| i64::midpoint(left(index, count), left(index + 1, count));
        let points: Vec<String> = (0_i64..).zip(values).map(|(index, value)| format!("{},{}", middle(index), self.y(value))).collect();
        let _infallible = write!(svg, "<polyline class=\"{class}\" fill=\"none\" points=\"{}\"/>", points.join(" "));
    }
}

/// A ceiling that divides by four and is easy to read: 4, 8, 20, 40, 80, 200, …
fn round_up(most: i64) -> i64 {
    let mut step = 4;
    while step < most {
        step = if step.to_string().starts_with('8') { step / 8 * 20 } else { step * 2 };
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
    fn bars_and_lines_stand_for_their_numbers_and_nothing_can_break_out_of_the_title() {
        let hours = [Hour { sms: 4, delivered: 900, ..Hour::default() }, Hour { email: 2, sms: 2, ..Hour::default() }, Hour::default()];
        let svg = draw(&hours, &["09".into()], "Replies <\"&");
        assert_eq!(svg.matches("bar-sms").count(), 2);
        assert_eq!(svg.matches("bar-email").count(), 1);
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("Replies &lt;&quot;&amp;") && svg.contains(">2000<"), "{svg}");
    }

    #[test]
    fn the_ceiling_is_never_below_the_tallest_bar() {
        for most in 0..5_000 {
            let ceiling = round_up(most);
            assert!(ceiling >= most && ceiling % 4 == 0, "{most} {ceiling}");
        }
    }
}
