//! A chart's SVG as a part of a page: only what charts are made of, with the looks of
//! all charts as classes, so that one drawing has the colours of two themes.

use std::fmt::Write as _;

use indexmap::IndexSet;
use maud::Escaper;
use resvg::usvg::roxmltree::{Document, Node};

/// What charts are made of; nothing else gets into a page.
const ELEMENTS: [&str; 5] = ["rect", "text", "polyline", "polygon", "circle"];
/// Where something is.
const PLACES: [&str; 10] =
    ["points", "x", "y", "dy", "cx", "cy", "r", "width", "height", "transform"];
/// What something looks like, and what is meant without a word.
const LOOKS: [(&str, &str); 7] = [
    ("fill", ""),
    ("stroke", "none"),
    ("stroke-width", ""),
    ("opacity", "1"),
    ("font-size", ""),
    ("font-weight", ""),
    ("text-anchor", "start"),
];

/// The looks of everything drawn in a page: declarations of CSS, and those that differ
/// on a dark ground.
#[derive(Debug, Default)]
pub(crate) struct Styles(IndexSet<(String, String)>);

impl Styles {
    fn class(&mut self, light: String, dark: String) -> usize {
        self.0.insert_full((light, dark)).0
    }

    /// The style sheet.
    pub(crate) fn css(&self) -> String {
        let mut css = String::new();
        for (class, (light, _)) in self.0.iter().enumerate() {
            let _ = writeln!(css, ".k{class}{{{light}}}");
        }
        let _ = writeln!(css, "@media screen and (prefers-color-scheme:dark){{");
        for (class, (_, dark)) in
            self.0.iter().enumerate().filter(|(_, (_, dark))| !dark.is_empty())
        {
            let _ = writeln!(css, ".k{class}{{{dark}}}");
        }
        css + "}\n"
    }
}

/// Puts a drawing into a page, in the colours of `light` and, on a dark screen, of
/// `dark`, which is the same drawing. `id` tells it from all others.
pub(crate) fn inline(
    light: &str,
    dark: &str,
    id: &str,
    styles: &mut Styles,
) -> Result<String, String> {
    let parse = |svg| Document::parse(svg).map_err(|error| error.to_string());
    let (light, dark) = (parse(light)?, parse(dark)?);
    let (root, twin) = (light.root_element(), dark.root_element());
    let attribute = |name| root.attribute(name).unwrap_or_default();
    let mut out = format!("<svg role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"");
    for name in ["width", "height", "viewBox"] {
        write_attribute(&mut out, name, attribute(name));
    }
    out.push('>');
    for name in ["title", "desc"] {
        let found = root.children().find(|child| child.has_tag_name_of(name));
        let _ = write!(out, "<{name} id=\"{id}-{name}\">");
        escaped(&mut out, found.and_then(|node| node.text()).unwrap_or_default());
        let _ = write!(out, "</{name}>");
    }
    let drawn = |root: Node<'_, '_>| {
        let elements = root.children().filter(Node::is_element);
        elements.filter(|it| !it.has_tag_name_of("title") && !it.has_tag_name_of("desc")).count()
    };
    if drawn(root) != drawn(twin) {
        return Err("the drawing differs between themes".to_owned());
    }
    let pairs = root.children().zip(twin.children()).filter(|(node, _)| node.is_element());
    for (node, twin) in pairs {
        if !node.has_tag_name_of("title") && !node.has_tag_name_of("desc") {
            element(&mut out, node, twin, styles)?;
        }
    }
    out.push_str("</svg>");
    Ok(out)
}

/// The name of an element, whatever its name space.
trait Tag {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl Tag for Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}

fn element(
    out: &mut String,
    node: Node<'_, '_>,
    twin: Node<'_, '_>,
    styles: &mut Styles,
) -> Result<(), String> {
    let name = node.tag_name().name();
    if !ELEMENTS.contains(&name) {
        return Err(format!("a chart has no `{name}`"));
    }
    let class = styles.class(looks(node, None)?, looks(twin, Some(node))?);
    let _ = write!(out, "<{name} class=\"k{class}\"");
    for place in node.attributes().filter(|it| PLACES.contains(&it.name())) {
        if (place.name(), place.value()) != ("r", "0") {
            write_attribute(out, place.name(), place.value().trim());
        }
    }
    match node.text().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => {
            out.push('>');
            escaped(out, text);
            let _ = write!(out, "</{name}>");
        }
        None => out.push_str("/>"),
    }
    Ok(())
}

/// What an element looks like in CSS: all of it, or what differs from another's.
fn looks(node: Node<'_, '_>, other: Option<Node<'_, '_>>) -> Result<String, String> {
    let mut css = String::new();
    for (name, usual) in LOOKS {
        let Some(value) = node.attribute(name) else { continue };
        let same = other.is_some_and(|other| other.attribute(name) == Some(value));
        if same || other.is_none() && value == usual {
            continue;
        }
        if !value.chars().all(|c| c.is_ascii_alphanumeric() || "#.-%".contains(c)) {
            return Err(format!("`{value}` is no {name}"));
        }
        let _ = match value.parse::<f64>() {
            Ok(size) if name == "font-size" => write!(css, "{name}:{}px;", size.round()),
            _ => write!(css, "{name}:{value};"),
        };
    }
    css.pop();
    Ok(css)
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, " {name}=\"");
    escaped(out, value);
    out.push('"');
}

fn escaped(out: &mut String, text: &str) {
    let _ = Escaper::new(out).write_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(body: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"7\" height=\"5\" \
             viewBox=\"0 0 70 50\">\n<title>a &lt;b&gt;</title>\n<desc>c</desc>\n{body}</svg>"
        )
    }

    #[test]
    fn colours_of_both_themes_become_one_class() {
        let drawn = |color: &str| svg(&format!("<circle cx=\"1\" r=\"2\" fill=\"{color}\"/>\n"));
        let mut styles = Styles::default();
        let text = inline(&drawn("#111"), &drawn("#EEE"), "c1", &mut styles).unwrap();
        assert_eq!(
            text,
            "<svg role=\"img\" aria-labelledby=\"c1-title c1-desc\" width=\"7\" height=\"5\" \
             viewBox=\"0 0 70 50\"><title id=\"c1-title\">a &lt;b&gt;</title>\
             <desc id=\"c1-desc\">c</desc><circle class=\"k0\" cx=\"1\" r=\"2\"/></svg>"
        );
        inline(&drawn("#111"), &drawn("#EEE"), "c2", &mut styles).unwrap();
        assert_eq!(
            styles.css(),
            ".k0{fill:#111}\n@media screen and (prefers-color-scheme:dark){\n.k0{fill:#EEE}\n}\n"
        );
    }

    #[test]
    fn nothing_but_shapes_and_text_gets_in() {
        let mut styles = Styles::default();
        let mut told = |body: &str| {
            let svg = svg(body);
            inline(&svg, &svg, "c", &mut styles)
        };
        assert_eq!(told("<script>alert(1)</script>").unwrap_err(), "a chart has no `script`");
        assert!(told("<rect fill=\"red;}*{display:none\"/>").is_err());
        let text = told("<text onload=\"x()\" x=\"1\">&lt;b&gt; &amp;</text>").unwrap();
        assert!(text.contains("<text class=\"k0\" x=\"1\">&lt;b&gt; &amp;</text>"), "{text}");
    }

    #[test]
    fn drawings_that_are_not_the_same_are_refused() {
        let (one, two) = (svg("<rect/>"), svg("<rect/>\n<rect/>"));
        assert!(inline(&one, &two, "c", &mut Styles::default()).is_err());
    }
}
