/* JSON text in canonical form: the members of each object in the order of their names, and no space.
 *
 * What is not usual is left to the slow path: a number, an escape by number or of a slash, an escape in a name, white
 * space other than spaces, a character beyond 16 bits, deep nesting, many members, two of the same name. */
#ifndef NATIVE_CANONICAL_H
#define NATIVE_CANONICAL_H

#include "arguments.h"
#include "scan.h"

enum { MOST_SORTED = 64, MOST_DEPTH = 16, BEYOND_16_BITS = 0xF0 };

/* The name and the whole text of an object's member, both in what is written; `head` orders most names. */
typedef struct {
    Span name, whole;
    uint64_t head;
} SortedMember;

/* How far the text is read (up to a NUL) and written; `scratch` has as much room. */
typedef struct {
    const uint8_t *at;
    uint8_t *to, *scratch;
} Canonical;

/* Copies 16 bytes at a time, so that up to 15 more are read and written. */
INLINE uint8_t *put_near(uint8_t *to, Span text) {
    for (int64_t i = 0; i < length(text); i += AT_ONCE) memcpy(to + i, text.at + i, AT_ONCE);
    return to + length(text);
}

/* The first eight bytes of a name, as a number in their order; those that a shorter name lacks are 0. */
INLINE uint64_t head_of(Span name) {
    uint64_t head;
    memcpy(&head, name.at, sizeof head);
    head = __builtin_bswap64(head);
    return length(name) >= 8 ? head : length(name) ? head >> (64 - 8 * length(name)) << (64 - 8 * length(name)) : 0;
}

INLINE int is_member_before(const SortedMember *one, const SortedMember *other) {
    return one->head != other->head ? one->head < other->head : is_before(one->name, other->name);
}

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
    json->to = put_near(json->to, whole);
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
        for (; at && is_member_before(&member, &members[at - 1]); at--) members[at] = members[at - 1];
        if (at && !is_member_before(&members[at - 1], &member)) return 0;
        members[at] = member;
    }
    return 1;
}

/* Writes members again, in their order, from where the first one was written, where they then are. */
static void write_members(Canonical *json, uint8_t *first, SortedMember *members, int count) {
    uint8_t *to = json->scratch;
    for (int i = 0; i < count; i++) {
        if (i) *to++ = ',';
        uint8_t *at = first + (to - json->scratch);
        to = put_near(to, members[i].whole);
        members[i].name = (Span){at + 1, at + 1 + length(members[i].name)};
        members[i].whole = (Span){at, at + length(members[i].whole)};
    }
    put_bytes(first, (Span){json->scratch, to});
}

static int copy_value(Canonical *json, int level);

/* Copies an object, and sets its `members` where they are in what is written, and their `count`. */
static int copy_members(Canonical *json, int level, SortedMember *members, int *count) {
    int in_order = 1;
    *count = 0;
    if (!copy_mark(json, '{')) return 0;
    uint8_t *first = json->to;
    if (copy_mark(json, '}')) return 1;
    do {
        if (*count == MOST_SORTED) return 0;
        SortedMember *member = &members[*count];
        member->whole.at = json->to;
        if (!copy_string(json, &member->name) || !copy_mark(json, ':') || !copy_value(json, level)) return 0;
        member->whole.end = json->to;
        member->head = head_of(member->name);
        in_order = in_order && (!*count || is_member_before(&member[-1], member));
        ++*count;
    } while (copy_mark(json, ','));
    if (!in_order) {
        if (!sort_members(members, *count)) return 0;
        write_members(json, first, members, *count);
    }
    return copy_mark(json, '}');
}

static int copy_object(Canonical *json, int level) {
    SortedMember members[MOST_SORTED];
    int count;
    return copy_members(json, level, members, &count);
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

/* Makes something of a text whose values were copied by `json`, from `written` on; None if it is not usual. */
typedef PyObject *UsualText(Canonical *json, const uint8_t *written, const uint8_t *end, void *context);

/* Calls `make` with room for a text's canonical form; NULL with an exception. */
static PyObject *with_room(PyObject *text, UsualText *make, void *context) {
    Py_buffer given;
    if (PyObject_GetBuffer(text, &given, PyBUF_SIMPLE) < 0) return NULL;
    size_t room = (size_t)given.len + AT_ONCE;
    uint8_t *read = PyMem_Malloc(3 * room), *end = read + given.len, *written = read + room;
    PyObject *found = NULL;
    if (read) {
        memcpy(read, given.buf, (size_t)given.len);
        memset(end, 0, AT_ONCE);
        Canonical json = {.at = read, .to = written, .scratch = written + room};
        found = is_utf8(read, end) && !has_wide(read, end) ? make(&json, written, end, context) : Py_BuildValue("");
        PyMem_Free(read);
    } else
        PyErr_NoMemory();
    PyBuffer_Release(&given);
    return found;
}

static PyObject *canonical_text(Canonical *json, const uint8_t *written, const uint8_t *end, void *context) {
    (void)context;
    if (!copy_value(json, 0) || skip_spaces(json->at) != end) return Py_BuildValue("");
    return PyBytes_FromStringAndSize((const char *)written, json->to - written);
}

static PyObject *canonical(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 1, "canonical takes a text") < 0) return NULL;
    return with_room(arguments[0], canonical_text, NULL);
}

#endif
