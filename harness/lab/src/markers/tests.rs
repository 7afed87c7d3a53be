use std::path::Path;

use proc_macro2::TokenStream;
use proptest::prelude::*;

use super::*;
use crate::course::Wrong;

const SOURCE: &str = r#"//! A crate.

pub fn limit(len: u32, max: u32) -> Result<(), u32> {
    // lab:hole demo.limit
    if len > max {
        return Err(len);
    }
    Ok(())
    // lab:stub todo!("demo.limit: refuse what is too long")
    // lab:end
}

pub fn twice(n: u32) -> u32 {
    // lab:hole demo.twice
    n * 2
    // lab:stub todo!("demo.twice: double it")
    // lab:end
}
"#;

fn tokens(source: &str) -> String {
    source.parse::<TokenStream>().expect("the source lexes").to_string()
}

fn wrong(id: &str, hole: &str, replace: Option<&str>, with: &str) -> Wrong {
    Wrong {
        id: id.into(),
        hole: hole.into(),
        mistake: "a mistake".into(),
        replace: replace.map(str::to_owned),
        with: with.into(),
        caught_by: "gate it_is_caught".into(),
    }
}

fn refusal(source: &str) -> String {
    holes(source).expect_err("the markers are broken").in_file(Path::new("src/lib.rs"))
}

#[test]
fn strip_leaves_the_solution_token_for_token() {
    let plain = strip(SOURCE);
    assert_eq!(tokens(&plain), tokens(SOURCE));
    assert!(!plain.contains("lab:"), "{plain}");
    assert_eq!(plain.lines().count(), SOURCE.lines().count() - 6);
}

#[test]
fn strip_works_on_an_excerpt_that_cuts_a_hole_in_two() {
    assert_eq!(strip("    // lab:hole a.b\n    one();\n"), "    one();\n");
    assert_eq!(strip("    two();\n    // lab:stub todo!()\n    // lab:end"), "    two();\n");
}

#[test]
fn skeleton_has_each_stub_once_and_no_body() {
    let text = skeleton(SOURCE).unwrap();
    assert_eq!(text.matches("todo!(\"demo.limit: refuse what is too long\")").count(), 1, "{text}");
    assert_eq!(text.matches("todo!(\"demo.twice: double it\")").count(), 1, "{text}");
    assert!(!text.contains("n * 2") && !text.contains("lab:"), "{text}");
    assert!(text.contains("\n    todo!(\"demo.limit"), "a stub keeps the indentation of its hole: {text}");
}

#[test]
fn a_skeleton_has_no_holes_left_so_rendering_it_again_changes_nothing() {
    let text = skeleton(SOURCE).unwrap();
    assert_eq!(skeleton(&text).unwrap(), text);
    assert_eq!(strip(&text), text);
}

#[test]
fn holes_are_listed_with_line_body_and_stub() {
    let found = holes(SOURCE).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].id.as_str(), found[1].line), ("demo.twice", 14));
    assert_eq!(found[1].body, "    n * 2\n");
    assert_eq!(found[1].stub, "todo!(\"demo.twice: double it\")");
}

#[test]
fn markdown_holes_become_prompts() {
    let source = "# Plan\n\n<!-- lab:hole w.plan -->\nOur plan.\n<!-- lab:stub What do you refuse first? -->\n<!-- lab:end -->\n";
    assert_eq!(strip(source), "# Plan\n\nOur plan.\n");
    let text = template(source).unwrap();
    assert_eq!(text, "# Plan\n\n<!-- write: What do you refuse first? -->\n");
    assert_eq!(open_prompts(&text), [(3, "What do you refuse first?".to_owned())]);
    assert!(template("# Plan\n\nAll written.\n").is_err(), "a template that asks nothing is refused");
}

#[test]
fn broken_markers_are_refused_with_line_and_fix() {
    let body = |inside: &str| format!("fn f() {{\n{inside}}}\n");
    let cases = [
        (body("    // lab:hole a.b\n    x();\n"), "src/lib.rs:2: the hole `a.b` is never closed; close it"),
        (
            body("    // lab:hole a.b\n    // lab:hole a.c\n"),
            "src/lib.rs:3: a hole inside the hole `a.b` of line 2",
        ),
        (body("    // lab:hole a.b\n    // lab:end\n"), "src/lib.rs:3: the hole `a.b` ends without a stub"),
        (body("    // lab:end\n"), "src/lib.rs:2: lab:end outside of a hole"),
        (body("    // lab:stub todo!()\n"), "src/lib.rs:2: lab:stub outside of a hole"),
        (body("    // lab:whole a.b\n"), "src/lib.rs:2: unknown marker `lab:whole`"),
        (body("    // lab:hole Not An Id\n"), "src/lib.rs:2: `Not An Id` is no hole id"),
        (body("    // lab:hole a..b\n"), "src/lib.rs:2: `a..b` is no hole id"),
        (
            body("    // lab:hole a.b\n    // lab:stub todo!(\"a.b: do\")\n    y();\n    // lab:end\n"),
            "src/lib.rs:4: text between the stub and the end of `a.b`",
        ),
        (
            body("    // lab:hole a.b\n    // lab:stub todo!(\"do\")\n    // lab:end\n"),
            "src/lib.rs:3: the stub of `a.b` does not say which hole it is; write todo!(\"a.b: ",
        ),
        (
            body(
                "    // lab:hole a.b\n    // lab:stub todo!(\"a.b: x\")\n    // lab:stub todo!(\"a.b: y\")\n",
            ),
            "src/lib.rs:4: a second stub",
        ),
        (body("    x(); // lab:hole a.b\n"), "src/lib.rs:2: a marker behind other text"),
        (
            body("    // lab:hole a.b\n    <!-- lab:stub x -->\n"),
            "src/lib.rs:3: a marker in another comment style",
        ),
        (
            body("    let x = 1;\n    // lab:hole a.b\n    // lab:stub todo!(\"a.b: x\")\n    // lab:end\n"),
            "src/lib.rs:3: the hole `a.b` is not the whole body of a function",
        ),
        (
            body("    // lab:hole a.b\n    // lab:stub todo!(\"a.b: x\")\n    // lab:end\n    x();\n"),
            "src/lib.rs:4: the hole `a.b` is not the whole body of a function",
        ),
        (
            SOURCE.replace("demo.twice", "demo.limit"),
            "src/lib.rs:14: the id `demo.limit` is already taken in line 4",
        ),
    ];
    for (source, expected) in cases {
        let message = refusal(&source);
        assert!(message.starts_with(expected), "expected `{expected}…`, got `{message}`");
    }
}

#[test]
fn switched_offers_reference_skeleton_and_every_wrong_variant() {
    let wrongs = [
        wrong("demo.off-by-one", "demo.limit", Some("len > max"), "len >= max"),
        wrong("demo.no-limit", "demo.limit", None, "Ok(())"),
        wrong("other.one", "other.hole", Some("?"), "!"),
    ];
    let text = switched(SOURCE, &wrongs).unwrap();
    tokens(&text);
    assert_eq!(text.matches("match *LAB_VARIANT").count(), 2);
    assert!(text.contains("Ok(\"demo.off-by-one\") => 2,"), "{text}");
    assert!(text.contains("if len >= max {"), "{text}");
    assert!(text.contains("if len > max {"), "{text}");
    assert!(text.contains("todo!(\"demo.limit: refuse"), "{text}");
    assert!(!text.contains("other.one"), "{text}");
}

#[test]
fn a_replacement_must_match_exactly_once_and_change_something() {
    let fault = |replace, with| {
        let wrongs = [wrong("demo.bad", "demo.limit", Some(replace), with)];
        switched(SOURCE, &wrongs).expect_err("refused").to_string()
    };
    assert!(fault("len < max", "").contains("occurs 0 times in the hole `demo.limit`"));
    assert!(fault("len", "").contains("occurs 2 times in the hole `demo.limit`"));
    assert!(fault("len > max", "len > max").contains("replaces its text by itself"));
}

#[test]
fn a_replacement_of_several_lines_is_written_without_the_indentation_of_the_source() {
    let source = "fn f() {\n    // lab:hole a.b\n    if x {\n        one();\n        if y {\n            two();\n        }\n    }\n    // lab:stub todo!(\"a.b: x\")\n    // lab:end\n}\n";
    let relative = wrong("a.w", "a.b", Some("if y {\n    two();\n}\n"), "loop {\n    three();\n}\n");
    let text = switched(source, &[relative]).unwrap();
    assert!(text.contains("        loop {\n            three();\n        }\n    }\n"), "{text}");
    let verbatim = wrong("a.w", "a.b", Some("one();\n        if y {"), "if !y {");
    assert!(switched(source, &[verbatim]).unwrap().contains("        if !y {\n            two();"));
}

#[test]
fn markdown_keeps_its_reference_text_in_a_switched_build() {
    let source = "<!-- lab:hole a.b -->\nText.\n<!-- lab:stub ask -->\n<!-- lab:end -->\n";
    assert_eq!(switched(source, &[]).unwrap(), "Text.\n");
}

/// A source of functions, each a hole or plain, with bodies of statements that nest, return and quote.
fn sources() -> impl Strategy<Value = (String, usize)> {
    let statement = prop_oneof![
        Just("let x = 1;".to_owned()),
        Just("if x { return Err(\"}\".into()); }".to_owned()),
        Just("call(r#\"a \\\" b\"#)?;".to_owned()),
        Just("loop {\n        break;\n    }".to_owned()),
        "[a-z]{1,6}".prop_map(|word| format!("// {word}")),
    ];
    let function = (any::<bool>(), proptest::collection::vec(statement, 0..5));
    proptest::collection::vec(function, 0..6).prop_map(|functions| {
        let mut source = String::from("//! Generated.\n");
        let mut count = 0;
        for (index, (is_hole, statements)) in functions.into_iter().enumerate() {
            source.push_str(&format!("fn f{index}() -> R {{\n"));
            if is_hole {
                source.push_str(&format!("    // lab:hole gen.h{index}\n"));
            }
            for statement in statements {
                source.push_str(&format!("    {statement}\n"));
            }
            if is_hole {
                count += 1;
                source.push_str(&format!(
                    "    // lab:stub todo!(\"gen.h{index}: write it\")\n    // lab:end\n"
                ));
            }
            source.push_str("}\n");
        }
        (source, count)
    })
}

proptest! {
    #[test]
    fn any_marked_source_strips_to_its_own_tokens_and_keeps_every_stub((source, count) in sources()) {
        prop_assert_eq!(tokens(&strip(&source)), tokens(&source));
        let found = holes(&source).unwrap();
        prop_assert_eq!(found.len(), count);
        let text = skeleton(&source).unwrap();
        tokens(&text);
        for hole in &found {
            prop_assert_eq!(text.matches(&hole.stub).count(), 1);
            prop_assert!(source.contains(&hole.body));
        }
        let wrongs: Vec<Wrong> =
            found.iter().map(|hole| wrong(&format!("{}-wrong", hole.id), &hole.id, None, "Ok(())")).collect();
        let text = switched(&source, &wrongs).unwrap();
        tokens(&text);
        prop_assert_eq!(text.matches("_ => 0,").count(), count);
        for hole in &found {
            prop_assert!(text.contains(&hole.body), "the reference body is in the switched source verbatim");
        }
    }
}

/// The Rust sources of the course's own weeks.
fn course_sources() -> Vec<std::path::PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weeks")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

#[test]
fn every_source_of_the_course_is_marked_soundly_and_strips_to_its_own_tokens() {
    let sources = course_sources();
    assert!(sources.len() > 10, "the weeks are where they should be");
    for path in sources {
        let source = std::fs::read_to_string(&path).unwrap();
        let found = holes(&source).unwrap_or_else(|e| panic!("{}", e.in_file(&path)));
        assert_eq!(tokens(&strip(&source)), tokens(&source), "{}", path.display());
        let text = skeleton(&source).unwrap();
        tokens(&text);
        tokens(&switched(&source, &[]).unwrap());
        for hole in found {
            assert_eq!(text.matches(&hole.stub).count(), 1, "{}: {}", path.display(), hole.id);
        }
    }
}
