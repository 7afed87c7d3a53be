//! Charts as SVG, written by hand: the same record gives the same bytes, and they are legible on paper and at night.
//!
//! A chart is drawn inline (a page that carries the theme) or as a file (its own `<style>`, which follows the
//! reader's system). Colour is never the only cue: a series has its own mark, what we are compared with is dashed
//! and hollow, and the drawing says in words (`<desc>`) what it shows.

mod bars;
mod course;
mod frame;
mod percentile;
mod ratios;
mod scale;
pub(crate) mod svg;

use evidence::{Measurement, Ratio};

use super::theme;

/// The kinds of chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Value by percentile, on the 1/(1-p) axis.
    Percentiles,
    /// A bar a series, with the rounds' spread.
    Bars,
    /// A course over time, or a curve over the horizontal axis that the measurement names.
    Time,
}

impl Form {
    /// Every form.
    pub const ALL: [Form; 3] = [Form::Percentiles, Form::Bars, Form::Time];

    /// The form that a measurement calls for: its histograms, else its points, else its facts.
    pub fn of(measurement: &Measurement) -> Option<Form> {
        let any = |f: fn(&evidence::Series) -> bool| measurement.series.iter().any(f);
        if any(|s| s.histogram.is_some()) {
            Some(Form::Percentiles)
        } else if any(|s| !s.points.is_empty()) {
            Some(Form::Time)
        } else if bars::principal(measurement).is_some() {
            Some(Form::Bars)
        } else {
            None
        }
    }

    /// Its name in a directive.
    pub fn name(self) -> &'static str {
        match self {
            Form::Percentiles => "percentiles",
            Form::Bars => "bars",
            Form::Time => "time",
        }
    }
}

/// Where a chart will stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Inside a page that carries the theme's style.
    Inline,
    /// A file that is opened by itself.
    File,
}

impl Setting {
    fn style(self) -> Option<String> {
        (self == Setting::File).then(theme::chart_file_style)
    }
}

/// The chart of a measurement. `fact` names what bars show; without it the first rate, else the first number.
/// Nothing where the measurement has no data of that form.
pub fn measurement(
    measurement: &Measurement,
    form: Form,
    fact: Option<&str>,
    setting: Setting,
) -> Option<String> {
    let style = setting.style();
    let style = style.as_deref();
    let any = |f: fn(&evidence::Series) -> bool| measurement.series.iter().any(f);
    match form {
        Form::Percentiles => any(|s| s.histogram.is_some()).then(|| percentile::draw(measurement, style)),
        Form::Time => any(|s| !s.points.is_empty()).then(|| course::draw(measurement, style)),
        Form::Bars => {
            let fact = fact.or_else(|| bars::principal(measurement))?;
            measurement.series.iter().find_map(|s| bars::number(s, fact))?;
            Some(bars::draw(measurement, fact, style))
        }
    }
}

/// The chart of a record's ratios.
pub fn ratios(title: &str, ratios: &[Ratio], setting: Setting) -> String {
    ratios::draw(title, ratios, setting.style().as_deref())
}
