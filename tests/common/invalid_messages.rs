//! Invalid messages, the same for POST and WebSocket.

/// Part of all invalid input. It must never appear in a response.
pub const INPUT_MARKER: &str = "zz-marker-zz";

/// Returns fields of messages that are rejected (what follows the opening brace), and a part of
/// the expected error.
pub fn invalid_messages() -> Vec<(String, &'static str)> {
    let long = format!("{INPUT_MARKER}{}", "x".repeat(65 - INPUT_MARKER.len()));
    let deep = format!("{}\"{INPUT_MARKER}\"{}", "[".repeat(65), "]".repeat(65));
    let deep_objects = format!("{}0{}", "{\"zz-marker-zz\":".repeat(65), "}".repeat(65));
    let fixed = [
        (r#""body":zz-marker-zz}"#, "Invalid JSON at line 1, column"),
        (r#""body":"zz-marker-zz"#, "Invalid JSON"),
        (r#""body":"zz-marker-zz"}}"#, "Invalid JSON"),
        (r#""body":01,"id":"zz-marker-zz"}"#, "Invalid JSON"),
        (r#""body":NaN,"id":"zz-marker-zz"}"#, "Invalid JSON"),
        (r#""id":"zz-marker-zz"}"#, "`body`"),
        (r#""id":5,"body":"zz-marker-zz"}"#, "`id`"),
        (r#""id":null,"body":"zz-marker-zz"}"#, "`id`"),
        (r#""id":"","body":"zz-marker-zz"}"#, "`id`"),
        (r#""id":"\ud800","body":"zz-marker-zz"}"#, "`id`"),
        (r#""body":"\ud800zz-marker-zz"}"#, "surrogate"),
        (r#""body":["zz-marker-zz","\udc00\ud800"]}"#, "surrogate"),
        (r#""body":{"zz-marker-zz\ud800":1}}"#, "surrogate"),
        (r#""body":"zz-marker-zz\udbff\n\udfff"}"#, "surrogate"),
        (r#""sender":["zz-marker-zz"],"body":1}"#, "`sender`"),
        (r#""kind":{"zz-marker-zz":1},"body":1}"#, "`kind`"),
        (r#""kind":"","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""kind":"zz-marker-zz!","body":1}"#, "`kind`"),
        (r#""kind":"ZZ","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""kind":"é","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""zz-marker-zz":1,"body":1}"#, "Unknown field"),
        (r#""Body":1,"body":"zz-marker-zz"}"#, "Unknown field"),
    ];
    let owned = fixed.map(|(json, expected)| (json.to_owned(), expected));
    let mut all: Vec<_> = owned.into();
    let kind = format!("{INPUT_MARKER}{}", "x".repeat(33 - INPUT_MARKER.len()));
    all.extend([
        (format!(r#""id":"{long}","body":1}}"#), "`id`"),
        (format!(r#""sender":"{long}","body":1}}"#), "`sender`"),
        (format!(r#""kind":"{kind}","body":1}}"#), "`kind`"),
        (format!(r#""body":{deep}}}"#), "64 levels deep"),
        (format!(r#""body":{deep_objects}}}"#), "64 levels deep"),
    ]);
    all
}

/// Returns a body of the maximum depth. It has brackets in a string, which do not count.
pub fn deepest_body() -> String {
    let brackets = r#""[[[[\"[[[{{{{{""#;
    format!("{}{brackets}{}", "[".repeat(64), "]".repeat(64))
}
