//! `[pure]` HTML to lines. Tags are read one by one and never built into a tree: time and memory are linear whatever the
//! depth, and unclosed tags cost nothing. What the big mail programs put around quotes and signatures is known here.

use std::borrow::Cow;
use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states};

use super::lines::{Line, Mark};
use crate::domain::html::without_monsters;

/// The lines of an HTML body.
pub(super) fn read(html: &str) -> Vec<Line<'static>> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(&without_monsters(html)));
    let reader = Tokenizer::new(Reader(RefCell::new(Page::default())), TokenizerOpts::default());
    while !input.is_empty() {
        // It stops at a script's end, for whoever would run it.
        let _nobody = reader.feed(&input);
    }
    reader.end();
    let mut page = reader.sink.0.take();
    page.end_line(false);
    page.lines
}

struct Reader(RefCell<Page>);

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return page.open(&tag),
            Token::TagToken(tag) => page.close(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

/// Deeper than any mail program nests; below it, tags are passed over.
const DEEPEST: usize = 4_000;
/// How far up an end tag looks for its beginning.
const REACH: usize = 256;

struct Open {
    name: html5ever::LocalName,
    quotes: u8,
    mark: Mark,
    hidden: bool,
    coloured: bool,
    pre: bool,
    tight: bool,
    link: Option<String>,
    link_from: usize,
}

#[derive(Default)]
struct Page {
    lines: Vec<Line<'static>>,
    now: String,
    /// Something stands on the line that is to be seen as a line, such as a blank that does not break.
    held: bool,
    stack: Vec<Open>,
    depth: u8,
    hidden: usize,
    coloured_now: bool,
    mark_now: Option<Mark>,
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.hidden > 0 {
            return;
        }
        let pre = self.stack.iter().rev().take(REACH).any(|open| open.pre);
        for c in text.chars() {
            match c {
                '\n' if pre => self.end_line(true),
                '\u{a0}' => {
                    self.held = true;
                    self.now.push(' ');
                }
                // Written by some programs to keep lines apart; nobody sees them.
                '\u{200b}' | '\u{200c}' | '\u{feff}' | '\u{ad}' | '\0' => {}
                c if c.is_whitespace() && !pre => {
                    if !self.now.is_empty() && !self.now.ends_with(' ') {
                        self.now.push(' ');
                    }
                }
                c => {
                    if !c.is_whitespace() {
                        self.note_now();
                    }
                    self.now.push(c);
                }
            }
        }
    }

    /// What stands on the line takes the marks that are open at its first letter.
    fn note_now(&mut self) {
        if self.mark_now.is_none() {
            let mark = self.stack.iter().rev().take(REACH).map(|open| open.mark).find(|mark| *mark != Mark::None).unwrap_or(Mark::None);
            self.mark_now = Some(mark);
            self.coloured_now = self.stack.iter().rev().take(REACH).any(|open| open.coloured);
        }
    }

    fn end_line(&mut self, even_if_empty: bool) {
        self.tell_link();
        // The mark of a signature ends in a blank (RFC 3676).
        let is_mark = self.now.trim_start() == "-- ";
        let text = if is_mark { "-- ".to_owned() } else { self.now.trim().to_owned() };
        if !text.is_empty() || even_if_empty || self.held {
            let mark = self.mark_now.unwrap_or(Mark::None);
            self.lines.push(Line { text: Cow::Owned(text), depth: self.depth, mark, coloured: self.coloured_now });
        }
        self.now.clear();
        self.held = false;
        self.mark_now = None;
        self.coloured_now = false;
    }

    /// A link whose words end with the line is told with them.
    fn tell_link(&mut self) {
        if self.now.trim().is_empty() || self.hidden > 0 {
            return;
        }
        let Some(open) = self.stack.iter_mut().rev().take(16).find(|open| open.link.is_some()) else { return };
        let from = open.link_from.min(self.now.len());
        let Some(link) = open.link.take() else { return };
        if !names_place(self.now.get(from..).unwrap_or(&self.now), &link) {
            self.now.truncate(self.now.trim_end().len());
            self.now.extend([" (", link.as_str(), ")"]);
        }
    }

    fn blank(&mut self) {
        if self.lines.last().is_some_and(|line| !line.is_blank()) {
            self.lines.push(Line::new("", self.depth));
        }
    }

    fn open(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        match name {
            "br" => {
                if self.hidden == 0 {
                    self.end_line(true);
                }
                return TokenSinkResult::Continue;
            }
            "img" | "meta" | "link" | "input" | "area" | "base" | "col" | "embed" | "source" | "track" | "wbr" | "param" => return TokenSinkResult::Continue,
            _ => {}
        }
        if !matches!(name, "html" | "head" | "title" | "style" | "script" | "noscript" | "template" | "xml" | "o:p") {
            self.leave_the_head();
        }
        // A paragraph ends where the next block begins, closed or not; so does an item.
        let ends = if name == "li" { "li" } else { "p" };
        if (is_block(name) || name == "li") && self.stack.last().is_some_and(|open| &*open.name == ends) {
            self.close(&html5ever::LocalName::from(ends));
        }
        let meaning = Meaning::of(tag);
        if self.hidden == 0 {
            if is_block(name) {
                self.end_line(false);
            }
            if (name == "p" && !meaning.tight) || meaning.quotes > 0 || matches!(name, "ul" | "ol" | "table" | "hr" | "h1" | "h2" | "h3") {
                self.blank();
            }
            if meaning.mark == Mark::Cut {
                self.end_line(false);
                self.lines.push(Line { text: Cow::Borrowed(""), depth: self.depth, mark: Mark::Cut, coloured: false });
            }
        }
        if name == "hr" {
            return TokenSinkResult::Continue;
        }
        if !tag.self_closing && self.stack.len() < DEEPEST {
            self.depth = self.depth.saturating_add(meaning.quotes);
            self.hidden += usize::from(meaning.hidden);
            self.stack.push(Open {
                name: tag.name.clone(),
                quotes: meaning.quotes,
                mark: if meaning.mark == Mark::Cut { Mark::None } else { meaning.mark },
                hidden: meaning.hidden,
                coloured: meaning.coloured,
                pre: name == "pre" || name == "textarea" || meaning.pre,
                tight: meaning.tight,
                link: meaning.link,
                link_from: self.now.len(),
            });
        }
        if name == "li" && self.hidden == 0 {
            self.now.push_str("- ");
        }
        match name {
            // Their content is no mark-up: the tokenizer must be told.
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(states::RawKind::Rawtext),
            "script" => TokenSinkResult::RawData(states::RawKind::ScriptData),
            "title" | "textarea" => TokenSinkResult::RawData(states::RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        }
    }

    /// Content ends a head that was never closed.
    fn leave_the_head(&mut self) {
        if self.stack.iter().take(8).any(|open| &*open.name == "head") {
            self.close(&html5ever::LocalName::from("head"));
        }
    }

    fn close(&mut self, name: &html5ever::LocalName) {
        let Some(back) = self.stack.iter().rev().take(REACH).position(|open| open.name == *name) else {
            return;
        };
        let keep = self.stack.len() - 1 - back;
        // A paragraph of Word's leaves no space after it; any other does.
        let (ends_line, loose) = (self.hidden == 0 && is_block(name), self.stack.get(keep).is_some_and(|open| !open.tight));
        for open in self.stack.drain(keep..).rev().collect::<Vec<_>>() {
            if let Some(link) = open.link.filter(|_| self.hidden == 0) {
                let shown = self.now.get(open.link_from..).unwrap_or_default();
                if !shown.trim().is_empty() && !names_place(shown, &link) {
                    self.now.extend([" (", link.as_str(), ")"]);
                }
            }
            if open.quotes > 0 && self.hidden == 0 {
                self.end_line(false);
            }
            self.depth = self.depth.saturating_sub(open.quotes);
            self.hidden -= usize::from(open.hidden);
            if open.quotes > 0 && self.hidden == 0 {
                self.blank();
            }
        }
        if ends_line {
            self.end_line(false);
            if (&**name == "p" && loose) || matches!(&**name, "ul" | "ol" | "table" | "h1" | "h2" | "h3") {
                self.blank();
            }
        } else if matches!(&**name, "td" | "th") && !self.now.is_empty() {
            self.now.push(' ');
        }
    }
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "li"
            | "tr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "blockquote"
            | "table"
            | "ul"
            | "ol"
            | "pre"
            | "hr"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "dl"
            | "dt"
            | "dd"
            | "address"
            | "center"
            | "body"
            | "main"
            | "fieldset"
            | "form"
            | "caption"
            | "includetail"
    )
}

/// Whether the words of a link already say where it leads.
fn names_place(shown: &str, link: &str) -> bool {
    let host = link.split("//").nth(1).unwrap_or(link).split(['/', '?', '#']).next().unwrap_or_default().trim_start_matches("www.");
    host.is_empty() || shown.contains(host)
}

#[derive(Default)]
struct Meaning {
    quotes: u8,
    mark: Mark,
    hidden: bool,
    coloured: bool,
    tight: bool,
    pre: bool,
    link: Option<String>,
}

/// Ids after which the answered mail begins: Outlook in its kinds, Zimbra, Yahoo, QQ, Mail.ru, BlackBerry.
const CUT_IDS: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "olk_src_body_section",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-body-separator-line",
    "zwchr",
    "replysplit",
    "mail-app-auto-quote",
    "isreplycontent",
    "isforwardcontent",
    "_origcontent",
    "_originalcontent",
    "_persistentheader",
    "_persistentheadercontainer",
    "quoted_header",
];

impl Meaning {
    fn of(tag: &Tag) -> Self {
        let name: &str = &tag.name;
        let mut meaning =
            Self { hidden: matches!(name, "head" | "style" | "script" | "title" | "noscript" | "iframe" | "object" | "template" | "svg"), ..Self::default() };
        // "body" ends a head that was never closed.
        let (mut class, mut id, mut style, mut plain_indent) = ("", String::new(), String::new(), false);
        for attribute in &tag.attrs {
            let value: &str = &attribute.value;
            match &*attribute.name.local {
                "class" => class = value,
                "id" => id = value.trim_start_matches("x_").to_ascii_lowercase(),
                "style" => style = value.to_ascii_lowercase(),
                "href" if name == "a" && (value.starts_with("http://") || value.starts_with("https://")) => {
                    meaning.link = Some(value.chars().take(500).collect());
                }
                "color" => meaning.coloured |= is_colour(value),
                "name" if value == "quote" && name == "div" => meaning.quotes = 1,
                "name" if value.eq_ignore_ascii_case("messageSignatureSection") => meaning.mark = Mark::Signature,
                "data-marker" if value == "__QUOTED_TEXT__" || value == "__DIVIDER__" => meaning.mark = Mark::Cut,
                "data-marker" if value.starts_with("__SIG") => meaning.mark = Mark::Signature,
                "data-smartmail" | "data-signature-widget" => meaning.mark = Mark::Signature,
                "hidden" => meaning.hidden = true,
                _ => {}
            }
        }
        let lower = class.to_ascii_lowercase();
        if !style.is_empty() {
            let squeezed: String = style.chars().filter(|c| !c.is_whitespace()).collect();
            meaning.hidden |= squeezed.contains("display:none") || squeezed.contains("visibility:hidden");
            plain_indent = squeezed.contains("border:none") && !squeezed.contains("border-left");
            meaning.pre |= squeezed.contains("white-space:pre");
            meaning.coloured |= squeezed.split(';').find_map(|rule| rule.strip_prefix("color:")).is_some_and(is_colour);
        }
        meaning.tight = lower.contains("msonormal") || style.contains("margin:0") || style.contains("margin: 0") || style.contains("margin-top:0");
        if name == "blockquote" && !plain_indent {
            meaning.quotes = 1;
        }
        if lower.contains("gmail_attr") || lower.contains("moz-cite-prefix") {
            meaning.mark = Mark::Attribution;
        } else if CUT_IDS.contains(&id.as_str())
            || id.starts_with("yahoo_quoted")
            || id.starts_with("ydp") && id.ends_with("yahoo_quoted")
            || lower.contains("yahoo_quoted")
            || lower.contains("zmail_extra")
            || lower.contains("moz-forward-container")
            || lower.contains("moz-email-headers-table")
        {
            meaning.mark = Mark::Cut;
        } else if id.contains("signature") || lower.split_whitespace().any(|one| one.contains("signature")) {
            meaning.mark = Mark::Signature;
        } else if lower.contains("appleoriginalcontents") {
            meaning.quotes = 1;
        }
        meaning
    }
}

/// Whether it is a colour that somebody chose, rather than the black and grey of every mail.
fn is_colour(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    if let Some(hex) = value.strip_prefix('#') {
        let channel = |from: usize| hex.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        return match (channel(0), channel(2), channel(4)) {
            (Some(r), Some(g), Some(b)) => r.max(g).max(b).saturating_sub(r.min(g).min(b)) > 100,
            _ => false,
        };
    }
    ["red", "blue", "green", "darkred", "crimson", "purple", "orange", "rgb(255,0,0)", "rgb(192,0,0)", "rgb(200,0,0)", "rgb(0,0,255)", "rgb(200,38,19)"]
        .contains(&value.as_str())
}
