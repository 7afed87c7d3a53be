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

/// Sign and word, as Markdown that is also plain text.
pub(crate) fn text(verdict: Verdict) -> String {
    format!("{} {verdict}", sign(verdict))
}
