/* The texts of an item whose digests are compared: of its key, of its row, of its image. lake/fingerprints.py has them.
 *
 * What is not usual is left to the slow path: an item that is not so in canonical.h, or a value that is not so in
 * columns.h. */
#ifndef LAKE_TEXTS_H
#define LAKE_TEXTS_H

#include "canonical.h"
#include "columns.h"

static const Span null_text = LITERAL("\x1e");

enum { SEPARATOR = 0x1F };

/* The value of an item's attribute; {0} without one. */
static Span find_attribute(const SortedMember *members, int count, Span name) {
    for (int i = 0; i < count; i++) {
        Span found = members[i].name;
        if (length(found) == length(name) && is_same(found.at, name.at, length(name)))
            return (Span){found.end + 2, members[i].whole.end};
    }
    return (Span){0};
}

static const uint8_t *skip_text(const uint8_t *p) {
    for (p = skip_characters(p + 1); *p != '"'; p = skip_characters(p + 2)) {
    }
    return p + 1;
}

/* Over an object in canonical form. */
static const uint8_t *skip_object(const uint8_t *p) {
    int depth = 0;
    do {
        if (*p == '"') {
            p = skip_text(p);
            continue;
        }
        depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
        p++;
    } while (depth);
    return p;
}

/* The value of a member of a map, which is {"M":{...}}: no span if it has none, null_text if it is no map. */
static Span find_member(Span map, Span name) {
    static const Span opening = LITERAL("{\"M\":{");
    if (length(map) < length(opening) || !is_same(map.at, opening.at, length(opening))) return null_text;
    const uint8_t *p = map.at + length(opening);
    while (*p == '"') {
        Span found = {p + 1, skip_text(p) - 1};
        Span value = {found.end + 2, found.end + 2};
        if (*value.at != '{') return (Span){0};
        value.end = skip_object(value.at);
        if (length(found) == length(name) && is_same(found.at, name.at, length(name))) return value;
        p = value.end + (*value.end == ',');
    }
    return null_text;
}

/* Sets what a column has of an item; 0 if the item is not usual. `present` counts the columns whose attribute it has. */
static int read_value(const Column *column, const SortedMember *members, int count, Span *value, int *present) {
    *value = find_attribute(members, count, column->path[0]);
    if (!value->at) {
        *value = null_text;
        return 1;
    }
    ++*present;
    if (column->kind == DOUBLE) return 0;
    for (int64_t i = 1; i < column->depth && value->at != null_text.at; i++) {
        *value = find_member(*value, column->path[i]);
        if (!value->at) return 0;
    }
    return value->at == null_text.at || is_usual(column, *value);
}

static PyObject *joined(const Span *values, int64_t count) {
    int64_t bytes = count - 1;
    for (int64_t i = 0; i < count; i++) bytes += length(values[i]);
    PyObject *text = PyBytes_FromStringAndSize(NULL, bytes);
    if (!text) return NULL;
    uint8_t *to = (uint8_t *)PyBytes_AsString(text);
    for (int64_t i = 0; i < count; i++) {
        if (i) *to++ = SEPARATOR;
        to = put_bytes(to, values[i]);
    }
    return text;
}

static PyObject *three(PyObject *key, PyObject *row, PyObject *image) {
    PyObject *found = key && row && image ? PyTuple_New(3) : NULL, *texts[] = {key, row, image};
    for (int i = 0; i < 3; i++) {
        if (found)
            PyTuple_SetItem(found, i, texts[i]);
        else if (texts[i])
            Py_DecRef(texts[i]);
    }
    return found;
}

static PyObject *usual_texts(Canonical *json, const uint8_t *written, const uint8_t *end, void *context) {
    const Columns *table = context;
    SortedMember members[MOST_SORTED];
    int count, present = 0;
    if (!copy_members(json, 0, members, &count) || skip_spaces(json->at) != end) return Py_BuildValue("");
    for (int64_t i = 0; i < table->column_count; i++)
        if (!read_value(&table->columns[i], members, count, &table->values[i], &present)) return Py_BuildValue("");
    Span *keys = table->values + table->column_count;
    for (int64_t i = 0; i < table->key_count; i++)
        if (!(keys[i] = find_attribute(members, count, table->keys[i])).at) return Py_BuildValue("");
    if (!present) return Py_BuildValue("");
    return three(joined(keys, table->key_count), joined(table->values, table->column_count),
        PyBytes_FromStringAndSize((const char *)written, json->to - written));
}

static PyObject *texts(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 2, "texts takes columns and an item") < 0) return NULL;
    Columns *table = PyCapsule_GetPointer(arguments[0], columns_name);
    return table ? with_room(arguments[1], usual_texts, table) : NULL;
}

#endif
