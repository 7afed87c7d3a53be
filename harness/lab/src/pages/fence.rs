//! Code fences of a Markdown page, line by line: where they open, what language they name, where they close.

/// A fence's opening line, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The column at which the fence stands: what its content lines may be indented by.
    pub indent: usize,
    /// The fence character, `` ` `` or `~`.
    pub mark: char,
    /// How many of them.
    pub length: usize,
    /// Everything after them, trimmed: `diagram title="…"`.
    pub info: String,
}

impl Opening {
    /// The opening of a fence, if this line is one. A fence inside a list item may be indented by any amount.
    pub(crate) fn parse(line: &str) -> Option<Opening> {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let mark = text.chars().next().filter(|c| *c == '`' || *c == '~')?;
        let length = text.chars().take_while(|c| *c == mark).count();
        let info = text[length..].trim();
        // A line like ```x``` is a code span, not a fence.
        if length < 3 || (mark == '`' && info.contains('`')) {
            return None;
        }
        Some(Opening { indent, mark, length, info: info.into() })
    }

    /// The first word of the info string.
    pub(crate) fn language(&self) -> &str {
        self.info.split([' ', ',', '\t']).next().unwrap_or("")
    }

    /// True if this line ends the fence.
    pub(crate) fn is_closed_by(&self, line: &str) -> bool {
        let text = line.trim();
        text.len() >= self.length && text.chars().all(|c| c == self.mark)
    }

    /// A content line without the indentation that the fence itself has.
    pub(crate) fn content<'a>(&self, line: &'a str) -> &'a str {
        let blank = line.len() - line.trim_start_matches(' ').len();
        &line[blank.min(self.indent)..]
    }

    /// `key="value"` of the info string.
    pub(crate) fn attribute(&self, key: &str) -> Option<&str> {
        let start = self.info.find(&format!("{key}=\""))? + key.len() + 2;
        let rest = &self.info[start..];
        Some(&rest[..rest.find('"')?])
    }
}

/// A whole fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The opening line, taken apart.
    pub opening: Opening,
    /// The line number of the opening, from 1.
    pub line: usize,
    /// The content lines, without the fence's own indentation.
    pub content: Vec<String>,
    /// False when the page ended first.
    pub closed: bool,
}

/// Every fenced block of a page, in order.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match &mut open {
            Some(block) if block.opening.is_closed_by(line) => {
                block.closed = true;
                out.extend(open.take());
            }
            Some(block) => block.content.push(block.opening.content(line).into()),
            None => {
                open = Opening::parse(line).map(|opening| Block {
                    opening,
                    line: index + 1,
                    content: Vec::new(),
                    closed: false,
                });
            }
        }
    }
    out.extend(open);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_fence_holds_a_shorter_one() {
        let found = blocks("````text\n```\ninner\n```\n````\n~~~ sh\nx\n~~~\n");
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].content, ["```", "inner", "```"]);
        assert_eq!(found[1].opening.language(), "sh");
        assert_eq!(found[1].line, 6);
    }

    #[test]
    fn a_title_is_read_from_the_info_string() {
        let fence = Opening::parse("  ```diagram title=\"Frame on the wire\"").unwrap();
        assert_eq!(fence.language(), "diagram");
        assert_eq!(fence.attribute("title"), Some("Frame on the wire"));
        assert_eq!(fence.content("    a"), "  a");
    }

    #[test]
    fn a_code_span_of_three_backticks_opens_nothing() {
        assert_eq!(Opening::parse("```x``` is a span"), None);
        assert!(!blocks("```text\nnever closed\n")[0].closed);
    }
}
