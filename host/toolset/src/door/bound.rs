//! Cuts what is too long to a head and a tail, and says what was left out.

/// Room for the line that says so.
const NOTE: usize = 200;

/// The text, and whether something was left out. Cuts at line ends, or within a line that is longer than
/// the room there is, between characters.
pub(super) fn bound(text: String, limit: usize) -> (String, bool) {
    if text.len() <= limit {
        return (text, false);
    }
    let room = limit.saturating_sub(NOTE);
    let tail_room = room / 4;
    let head_end = text.floor_char_boundary(room.saturating_sub(tail_room));
    let tail_start = text.ceil_char_boundary(text.len().saturating_sub(tail_room));
    let head = text.get(..head_end).unwrap_or_default();
    let tail = text.get(tail_start..).unwrap_or_default();
    let head = match head.rfind('\n') {
        Some(end) if end >= head.len() / 2 => head.get(..end).unwrap_or(head),
        _ => head,
    };
    let tail = match tail.find('\n') {
        Some(start) if start <= tail.len() / 2 => tail.get(start.saturating_add(1)..).unwrap_or(tail),
        _ => tail,
    };
    let kept = head.len().saturating_add(tail.len());
    let omitted = text.get(head.len()..text.len().saturating_sub(tail.len())).unwrap_or_default();
    let lines = omitted.matches('\n').count();
    let bytes = text.len().saturating_sub(kept);
    let note = format!(
        "\n[left out here: {bytes} bytes, {lines} lines. Narrow the question to see them: a namespace, a name, \
         a selector, a time, fewer lines.]\n"
    );
    (format!("{head}{note}{tail}"), true)
}
