//! How a verdict is written: a sign and a word, so that colour is never needed to read it.

use evidence::Verdict;

/// Its sign.
pub(crate) fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✓",
        Verdict::Failed => "✗",
        Verdict::Inconclusive => "?",
        Verdict::Skipped => "–",
    }
}

/// Sign and word, as Markdown that is also plain text; no line ends between the two.
pub(crate) fn text(verdict: Verdict) -> String {
    format!("{}\u{a0}{verdict}", sign(verdict))
}
