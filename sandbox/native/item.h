/* An item in its usual JSON: checked, measured and brought to the form in which it is stored, in one pass.
 *
 * What is not usual is left to the slow path: an escape by number, white space other than spaces, a binary, a set of numbers, a
 * set that is not in order, a number with an exponent or with many digits, deep nesting, many members, two of the
 * same name, and whatever DynamoDB refuses. */
#ifndef SANDBOX_ITEM_H
#define SANDBOX_ITEM_H

#include "scan.h"

enum { MOST_MEMBERS = 64, MOST_LEVELS = 16, MOST_WHOLE = 18, MOST_FRACTION = 17, NESTED_BYTES = 3 };

/* A key attribute: `kind` is its type, `content` is in the image, NULL until it is found. */
typedef struct {
    Span name, content;
    int64_t kind;
} KeyPart;

/* How far a request's item is read (`at`, up to a NUL) and its image written (`to`), and its size until now. */
typedef struct {
    const uint8_t *at;
    uint8_t *to;
    int64_t size, parts;
    KeyPart *key;
} Item;

/* Each of these takes something, spaces before it included, or returns 0. */
INLINE int take(Item *item, uint8_t mark) {
    item->at = skip_spaces(item->at);
    if (*item->at != mark) return 0;
    item->at++;
    *item->to++ = mark;
    return 1;
}

/* A text; with `escapes` NULL it has none, else as many are counted. */
INLINE int take_text(Item *item, Span *content, int64_t *escapes) {
    if (!take(item, '"')) return 0;
    const uint8_t *end = skip_characters(item->at);
    for (; escapes && is_short_escape(end); end = skip_characters(end + 2)) ++*escapes;
    if (*end != '"') return 0;
    content->at = item->to;
    content->end = item->to = put_bytes(item->to, (Span){item->at, end});
    item->at = end;
    return take(item, '"');
}

INLINE int take_word(Item *item, Span word) {
    item->at = skip_spaces(item->at);
    for (int64_t i = 0; i < length(word); i++)
        if (item->at[i] != word.at[i]) return 0;
    item->at += length(word);
    item->to = put_bytes(item->to, word);
    return 1;
}

INLINE const uint8_t *without_zeros(const uint8_t *start, const uint8_t *end) {
    while (end > start && end[-1] == '0') end--;
    return end;
}

/* A number in DynamoDB's spelling, with zeros behind its fraction that go. Its bytes: number_size in ../dynamodb. */
static int take_number(Item *item, Span *content) {
    if (!take(item, '"')) return 0;
    const uint8_t *start = item->at;
    Span whole, fraction = {start, start};
    int is_negative = *start == '-';
    whole.at = start + is_negative;
    whole.end = skip_digits(whole.at);
    if (!length(whole) || length(whole) > MOST_WHOLE || (*whole.at == '0' && length(whole) > 1)) return 0;
    item->at = whole.end;
    if (*whole.end == '.') {
        fraction.at = whole.end + 1;
        item->at = skip_digits(fraction.at);
        if (item->at == fraction.at || item->at - fraction.at > MOST_FRACTION) return 0;
        fraction.end = without_zeros(fraction.at, item->at);
    }
    int is_whole = !length(fraction), is_below_one = *whole.at == '0';
    if (is_whole && is_below_one && is_negative) return 0;
    content->at = item->to;
    item->to = put_bytes(item->to, (Span){start, is_whole ? whole.end : fraction.end});
    content->end = item->to;
    if (is_whole)
        whole.end = without_zeros(whole.at, whole.end);
    else if (is_below_one) {
        whole.end = whole.at;
        while (*fraction.at == '0') fraction.at++;
    }
    item->size += (length(whole) + 1) / 2 + (length(fraction) + 1) / 2 + 1 + is_negative;
    return *item->at == '"' && take(item, '"');
}

/* A set of texts that are in order, each once. */
static int take_texts(Item *item) {
    Span before = {NULL, NULL}, text;
    if (!take(item, '[')) return 0;
    do {
        if (!take_text(item, &text, NULL) || (before.at && !is_before(before, text))) return 0;
        item->size += length(text);
        before = text;
    } while (take(item, ','));
    return take(item, ']');
}

static int take_members(Item *item, int level);
static int take_elements(Item *item, int level);

/* A value; `kind` is the letter of its type if `content` is its content: a text without an escape, or a number. */
static int take_value(Item *item, int level, uint8_t *kind, Span *content) {
    static const Span words[] = {LITERAL("true"), LITERAL("false")};
    Span type;
    if (level > MOST_LEVELS || !take(item, '{') || !take_text(item, &type, NULL) || !take(item, ':')) return 0;
    *kind = 0;
    int taken = 0;
    if (IS(type, "S")) {
        int64_t escapes = 0;
        taken = take_text(item, content, &escapes);
        item->size += taken ? length(*content) - escapes : 0;
        if (!escapes) *kind = 'S';
    } else if (IS(type, "N")) {
        taken = take_number(item, content);
        *kind = 'N';
    } else if (IS(type, "BOOL")) {
        taken = take_word(item, words[0]) || take_word(item, words[1]);
        item->size++;
    } else if (IS(type, "NULL")) {
        taken = take_word(item, words[0]);
        item->size++;
    } else if (IS(type, "M")) {
        item->size += NESTED_BYTES;
        taken = take_members(item, level + 1);
    } else if (IS(type, "L")) {
        item->size += NESTED_BYTES;
        taken = take_elements(item, level + 1);
    } else if (IS(type, "SS")) {
        taken = take_texts(item);
    }
    return taken && take(item, '}');
}

static int take_elements(Item *item, int level) {
    uint8_t kind;
    Span content;
    if (!take(item, '[')) return 0;
    if (take(item, ']')) return 1;
    do {
        item->size++;
        if (!take_value(item, level, &kind, &content)) return 0;
    } while (take(item, ','));
    return take(item, ']');
}

static int is_among(Span name, const Span *names, int count) {
    for (int i = 0; i < count; i++)
        if (length(names[i]) == length(name) && is_same(names[i].at, name.at, length(name))) return 1;
    return 0;
}

/* Keeps a key attribute's content; 0 for one of another type, or an empty one. */
static int keep_key(Item *item, Span name, uint8_t kind, Span content) {
    for (KeyPart *part = item->key; part < item->key + item->parts; part++) {
        if (!is_among(name, &part->name, 1)) continue;
        if (part->kind != kind || !length(content)) return 0;
        part->content = content;
    }
    return 1;
}

/* The members of a map, or of the item, which is at level 0: each counts one more in a map. */
static int take_members(Item *item, int level) {
    Span names[MOST_MEMBERS], content = {NULL, NULL};
    uint8_t kind;
    int count = 0;
    if (!take(item, '{')) return 0;
    if (take(item, '}')) return 1;
    do {
        Span *name = &names[count];
        if (count == MOST_MEMBERS || !take_text(item, name, NULL) || !length(*name)) return 0;
        if (is_among(*name, names, count++) || !take(item, ':')) return 0;
        item->size += length(*name) + (level > 0);
        if (!take_value(item, level, &kind, &content)) return 0;
        if (level == 0 && !keep_key(item, *name, kind, content)) return 0;
    } while (take(item, ','));
    return take(item, '}');
}

/* The whole item of a text that ends at `end`, with a NUL; 0 where it is not usual, or lacks a key attribute. */
static int take_item(Item *item, const uint8_t *end) {
    if (!is_utf8(item->at, end) || !take_members(item, 0) || skip_spaces(item->at) != end) return 0;
    for (KeyPart *part = item->key; part < item->key + item->parts; part++)
        if (!part->content.at) return 0;
    return 1;
}

#endif
