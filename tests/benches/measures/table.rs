//! Rows of the printed table: what was measured, beside what, and whether that is good enough.

use std::time::Duration;

use crate::clock::{Pair, Whose, used};

/// One line of the table. The cells hold no tab.
pub(crate) struct Row(Vec<String>);

const HEAD: [&str; 6] = ["what", "measured", "compared with", "ratio", "target", "met"];

impl Row {
    /// Two sides and the most that the one may be of the other.
    pub(crate) fn of_pair(what: impl Into<String>, pair: &Pair, beside: &str, most: f64) -> Self {
        let compared = format!("{} {beside}", time(pair.compared));
        Self::new(
            what,
            time(pair.measured),
            compared,
            format!("{:.2}", pair.ratio),
            format!("≤ {most} ×"),
            pair.ratio <= most,
        )
    }

    /// Two times beside each other, for nobody's target.
    pub(crate) fn of_both(what: impl Into<String>, pair: &Pair, beside: &str) -> Self {
        let compared = format!("{} {beside}", time(pair.compared));
        Self(vec![what.into(), time(pair.measured), compared, format!("{:.2}", pair.ratio)])
    }

    /// How fast two sides go over so many megabytes, for nobody's target.
    pub(crate) fn of_rate(what: impl Into<String>, megabytes: u32, pair: &Pair, beside: &str) -> Self {
        let rate = |taken: Duration| format!("{:.0} MB/s", f64::from(megabytes) / taken.as_secs_f64());
        let compared = format!("{} {beside}", rate(pair.compared));
        Self(vec![what.into(), rate(pair.measured), compared, format!("{:.2}", pair.ratio)])
    }

    /// A ratio alone.
    pub(crate) fn of_ratio(what: impl Into<String>, measured: String, compared: String, ratio: f64, most: f64) -> Self {
        Self::new(what, measured, compared, format!("{ratio:.2}"), format!("≤ {most} ×"), ratio <= most)
    }

    /// A time and the most that it may be.
    pub(crate) fn of_time(what: impl Into<String>, taken: Duration, most: Duration) -> Self {
        Self::new(what, time(taken), String::new(), String::new(), format!("≤ {}", time(most)), taken <= most)
    }

    /// A size and the most that it may be.
    pub(crate) fn of_size(what: impl Into<String>, bytes: u64, most: u64) -> Self {
        Self::new(what, size(bytes), String::new(), String::new(), format!("≤ {}", size(most)), bytes <= most)
    }

    /// The most memory that this process has had so far, for nobody's target.
    pub(crate) fn of_peak(what: impl Into<String>) -> Self {
        Self(vec![what.into(), size(used(Whose::Own).peak_bytes)])
    }

    fn new(
        what: impl Into<String>,
        measured: String,
        compared: String,
        ratio: String,
        target: String,
        met: bool,
    ) -> Self {
        let met = if met { "yes" } else { "NO" };
        Self(vec![what.into(), measured, compared, ratio, target, met.to_owned()])
    }

    /// The row as one process hands it to another.
    pub(crate) fn to_line(&self) -> String {
        self.0.join("\t")
    }

    /// Reads it back.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        line.contains('\t').then(|| Self(line.split('\t').map(str::to_owned).collect()))
    }
}

/// The table, in columns.
pub(crate) fn of(rows: &[Row]) -> String {
    let head = Row(HEAD.map(str::to_owned).to_vec());
    let all: Vec<&Row> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| {
        all.iter().filter_map(|row| row.0.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
    let line = |row: &&Row| {
        let cells = row.0.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// In the unit that fits.
pub(crate) fn time(taken: Duration) -> String {
    let micros = taken.as_secs_f64() * 1e6;
    if micros < 1e3 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1e3) }
}

/// In the unit that fits.
pub(crate) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let kib = bytes as f64 / 1024.0;
    if kib < 1024.0 { format!("{kib:.0} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}
