/* The scalars at paths of names in JSON, as Trino's json_extract_scalar has them: sandbox/athena/functions/jsontext.py.
 *
 * All paths are read in one pass, which ends with the last of them. What is not usual is left to the slow path: what
 * json.h leaves, a string that is an answer and has an escape, many or long paths. */
#ifndef SANDBOX_SCALARS_H
#define SANDBOX_SCALARS_H

#include "arguments.h"
#include "json.h"

enum { MOST_PATHS = 64, MOST_STEPS = 16 };

/* `found` is its scalar, NULL if it has none. */
typedef struct {
    Span steps[MOST_STEPS], found;
    int64_t depth;
} Path;

/* `open` are the paths without an answer until now, a bit for each. */
typedef struct {
    Path paths[MOST_PATHS];
    uint64_t open;
} Search;

/* A value's place: the paths that lead to it or through it, and the number of their names until here. */
typedef struct {
    Search *search;
    uint64_t paths;
    int depth;
} Place;

static const uint8_t *search_value(Place place, const uint8_t *p);

/* Of members of the same name the first one counts. */
static const uint8_t *search_member(void *context, Span name, const uint8_t *value) {
    Place *object = context;
    uint64_t named = 0;
    for (uint64_t rest = object->paths; rest; rest &= rest - 1) {
        const Path *path = &object->search->paths[__builtin_ctzll(rest)];
        if (path->depth == object->depth) continue;
        Span step = path->steps[object->depth];
        if (length(step) == length(name) && is_same(step.at, name.at, length(name))) named |= rest & -rest;
    }
    object->paths &= ~named;
    return search_value((Place){object->search, named, object->depth + 1}, value);
}

static const uint8_t *search_element(void *context, Span name, const uint8_t *value) {
    const Place *array = context;
    (void)name;
    return search_value((Place){array->search, 0, array->depth + 1}, value);
}

INLINE int is_separator(uint8_t c) {
    return c == ',' || c == '}' || c == ']' || c == ' ';
}

/* The answer of the paths that end at a scalar; 0 if it has an escape, or if more follows than a number or a word. */
static int answer(const Place *place, Span scalar) {
    if (*scalar.at == '"') {
        scalar = (Span){scalar.at + 1, scalar.end - 1};
        if (skip_characters(scalar.at) != scalar.end) return 0;
    } else if (!is_separator(*scalar.end)) {
        return 0;
    } else if (*scalar.at == 'n') {
        return 1;
    }
    for (uint64_t rest = place->paths; rest; rest &= rest - 1) {
        Path *path = &place->search->paths[__builtin_ctzll(rest)];
        if (path->depth == place->depth) path->found = scalar;
    }
    return 1;
}

/* The end of a value; NULL if it is not usual, or if no path is open any more. */
static const uint8_t *search_value(Place place, const uint8_t *p) {
    uint64_t paths = place.paths;
    const uint8_t *end;
    if (place.depth == MAX_DEPTH) return NULL;
    switch (*p) {
    case '{':
        end = read_members(p, &place, search_member);
        break;
    case '[':
        end = read_elements(p, &place, search_element);
        break;
    default:
        end = *p == '"' ? skip_string(p) : *p == '-' || is_digit(*p) ? skip_number(p) : skip_any_word(p);
        if (end && paths && !answer(&place, (Span){p, end})) return NULL;
    }
    if (!end) return NULL;
    place.search->open &= ~paths;
    return place.search->open ? end : NULL;
}

/* Sets the paths of names; 0 for no path, many or long ones, -1 with an exception set. */
static int read_paths(PyObject *given, Search *search) {
    Py_ssize_t count = PyTuple_Size(given);
    if (count < 0) return -1;
    if (count < 1 || count > MOST_PATHS) return 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Path *path = &search->paths[i];
        PyObject *names = PyTuple_GetItem(given, i);
        path->found = (Span){0};
        if ((path->depth = PyTuple_Size(names)) < 0) return -1;
        if (path->depth < 1 || path->depth > MOST_STEPS) return 0;
        for (Py_ssize_t j = 0; j < path->depth; j++)
            if (read_bytes(PyTuple_GetItem(names, j), &path->steps[j]) < 0) return -1;
    }
    search->open = count == MOST_PATHS ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
    return (int)count;
}

static PyObject *answers(const Search *search, int count) {
    PyObject *found = PyList_New(count);
    for (int i = 0; found && i < count; i++) {
        Span text = search->paths[i].found;
        PyObject *each = text.at ? PyUnicode_FromStringAndSize((const char *)text.at, length(text)) : Py_BuildValue("");
        if (!each || PyList_SetItem(found, i, each) < 0) {
            Py_DecRef(found);
            return NULL;
        }
    }
    return found;
}

static PyObject *scalars(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Search search;
    Span given;
    if (read_count(count, 2, "scalars takes a text and paths of names") < 0) return NULL;
    int paths = read_paths(arguments[1], &search);
    if (paths < 0 || read_bytes(arguments[0], &given) < 0) return NULL;
    if (!paths) return Py_BuildValue("");
    uint8_t *text = PyMem_Malloc((size_t)length(given) + AT_ONCE);
    if (!text) return PyErr_NoMemory();
    memset(put_bytes(text, given), 0, AT_ONCE);
    search_value((Place){&search, search.open, 0}, skip_spaces(text));
    PyObject *found = search.open ? Py_BuildValue("") : answers(&search, paths);
    PyMem_Free(text);
    return found;
}

#endif
