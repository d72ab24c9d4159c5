//! What is wrong with what: bad messages, the same for POST and WebSocket.

/// In all bad input, and never in an response.
pub const MARKER: &str = "zz-marker-zz";

/// Members of a message that is refused (after the opening brace), and what the refusal names.
pub fn wrong_members() -> Vec<(String, &'static str)> {
    let long = format!("{MARKER}{}", "x".repeat(65 - MARKER.len()));
    let deep = format!("{}\"{MARKER}\"{}", "[".repeat(65), "]".repeat(65));
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
        (r#""sender":["zz-marker-zz"],"body":1}"#, "`sender`"),
        (r#""kind":{"zz-marker-zz":1},"body":1}"#, "`kind`"),
        (r#""kind":"","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""kind":"zz-marker-zz!","body":1}"#, "`kind`"),
        (r#""kind":"ZZ","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""kind":"é","body":"zz-marker-zz"}"#, "`kind`"),
        (r#""zz-marker-zz":1,"body":1}"#, "Unknown field"),
        (r#""Body":1,"body":"zz-marker-zz"}"#, "Unknown field"),
    ];
    let mut all: Vec<_> = fixed.map(|(json, named)| (json.to_owned(), named)).into();
    let kind = format!("{MARKER}{}", "x".repeat(33 - MARKER.len()));
    all.extend([
        (format!(r#""id":"{long}","body":1}}"#), "`id`"),
        (format!(r#""sender":"{long}","body":1}}"#), "`sender`"),
        (format!(r#""kind":"{kind}","body":1}}"#), "`kind`"),
        (format!(r#""body":{deep}}}"#), "64 levels deep"),
        (format!(r#""body":{deep_objects}}}"#), "64 levels deep"),
    ]);
    all
}

/// A body nested as deep as is allowed, with brackets in strings that count for nothing.
pub fn deepest_body() -> String {
    let brackets = r#""[[[[\"[[[{{{{{""#;
    format!("{}{brackets}{}", "[".repeat(64), "]".repeat(64))
}
