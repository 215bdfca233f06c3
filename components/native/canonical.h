/* JSON text in canonical form: the members of each object in the order of their names, and no space.
 *
 * What is not usual is left to the slow path: a number, an escape by number or of a slash, an escape in a name, white
 * space other than spaces, a character beyond 16 bits, deep nesting, many members, two of the same name. */
#ifndef NATIVE_CANONICAL_H
#define NATIVE_CANONICAL_H

#include "arguments.h"
#include "scan.h"

enum { MOST_SORTED = 64, MOST_DEPTH = 16, BEYOND_16_BITS = 0xF0 };

/* The name and the whole text of an object's member, both in what is written. */
typedef struct {
    Span name, whole;
} SortedMember;

/* How far the text is read (up to a NUL) and written; `scratch` has as much room. */
typedef struct {
    const uint8_t *at;
    uint8_t *to, *scratch;
} Canonical;

/* Each of these copies something, spaces before it excluded, or returns 0. */
INLINE int copy_mark(Canonical *json, uint8_t mark) {
    json->at = skip_spaces(json->at);
    if (*json->at != mark) return 0;
    json->at++;
    *json->to++ = mark;
    return 1;
}

/* A string; with `name`, one without escapes. */
INLINE int copy_string(Canonical *json, Span *name) {
    json->at = skip_spaces(json->at);
    if (*json->at != '"') return 0;
    const uint8_t *end = skip_characters(json->at + 1);
    while (!name && is_short_escape(end)) end = skip_characters(end + 2);
    if (*end != '"') return 0;
    Span whole = {json->at, end + 1};
    if (name) *name = (Span){json->to + 1, json->to + length(whole) - 1};
    json->to = put_bytes(json->to, whole);
    json->at = whole.end;
    return 1;
}

INLINE int copy_word(Canonical *json) {
    static const Span words[] = {LITERAL("true"), LITERAL("false"), LITERAL("null")};
    const Span *word = *json->at == 't' ? &words[0] : *json->at == 'f' ? &words[1] : &words[2];
    for (int64_t i = 0; i < length(*word); i++)
        if (json->at[i] != word->at[i]) return 0;
    json->at += length(*word);
    json->to = put_bytes(json->to, *word);
    return 1;
}

/* Brings members into the order of their names; 0 for two of the same name. */
static int sort_members(SortedMember *members, int count) {
    for (int i = 1; i < count; i++) {
        SortedMember member = members[i];
        int at = i;
        for (; at && is_before(member.name, members[at - 1].name); at--) members[at] = members[at - 1];
        if (at && !is_before(members[at - 1].name, member.name)) return 0;
        members[at] = member;
    }
    return 1;
}

/* Writes members again, in their order, from where the first one was written. */
static void write_members(Canonical *json, uint8_t *first, const SortedMember *members, int count) {
    uint8_t *to = json->scratch;
    for (int i = 0; i < count; i++) {
        if (i) *to++ = ',';
        to = put_bytes(to, members[i].whole);
    }
    put_bytes(first, (Span){json->scratch, to});
}

static int copy_value(Canonical *json, int level);

static int copy_object(Canonical *json, int level) {
    SortedMember members[MOST_SORTED];
    int count = 0, in_order = 1;
    if (!copy_mark(json, '{')) return 0;
    uint8_t *first = json->to;
    if (copy_mark(json, '}')) return 1;
    do {
        if (count == MOST_SORTED) return 0;
        SortedMember *member = &members[count];
        member->whole.at = json->to;
        if (!copy_string(json, &member->name) || !copy_mark(json, ':') || !copy_value(json, level)) return 0;
        member->whole.end = json->to;
        in_order = in_order && (!count || is_before(members[count - 1].name, member->name));
        count++;
    } while (copy_mark(json, ','));
    if (!in_order) {
        if (!sort_members(members, count)) return 0;
        write_members(json, first, members, count);
    }
    return copy_mark(json, '}');
}

static int copy_array(Canonical *json, int level) {
    if (!copy_mark(json, '[')) return 0;
    if (copy_mark(json, ']')) return 1;
    do {
        if (!copy_value(json, level)) return 0;
    } while (copy_mark(json, ','));
    return copy_mark(json, ']');
}

static int copy_value(Canonical *json, int level) {
    if (level == MOST_DEPTH) return 0;
    json->at = skip_spaces(json->at);
    switch (*json->at) {
    case '{':
        return copy_object(json, level + 1);
    case '[':
        return copy_array(json, level + 1);
    case '"':
        return copy_string(json, NULL);
    default:
        return copy_word(json);
    }
}

static int has_wide(const uint8_t *p, const uint8_t *end) {
    for (; p < end; p += AT_ONCE)
        if (BITS(load(p) >= BEYOND_16_BITS)) return 1;
    return 0;
}

static PyObject *canonical_bytes(const Py_buffer *given) {
    size_t room = (size_t)given->len + AT_ONCE;
    uint8_t *text = PyMem_Malloc(3 * room), *end = text + given->len, *written = text + room;
    if (!text) return PyErr_NoMemory();
    memcpy(text, given->buf, (size_t)given->len);
    memset(end, 0, AT_ONCE);
    Canonical json = {.at = text, .to = written, .scratch = written + room};
    int is_usual = is_utf8(text, end) && !has_wide(text, end) && copy_value(&json, 0) && skip_spaces(json.at) == end;
    PyObject *found =
        is_usual ? PyBytes_FromStringAndSize((const char *)written, json.to - written) : Py_BuildValue("");
    PyMem_Free(text);
    return found;
}

static PyObject *canonical(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Py_buffer given;
    if (read_count(count, 1, "canonical takes a text") < 0) return NULL;
    if (PyObject_GetBuffer(arguments[0], &given, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *found = canonical_bytes(&given);
    PyBuffer_Release(&given);
    return found;
}

#endif
