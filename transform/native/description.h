/* Copies a table's description (transform/compiled.py) into one block of memory that a capsule owns. */
#ifndef TRANSFORM_DESCRIPTION_H
#define TRANSFORM_DESCRIPTION_H

#include "arguments.h"
#include "table.h"

enum { PREFIXES = 6, COLUMN_PARTS = 7, NODE_PARTS = 3 };

static const char table_name[] = "transform._native.Table";
static const char table_usage[] = "table takes 6 prefixes, columns of 7 parts and nodes of 3 parts, as tuples";

static Py_ssize_t count_parts(PyObject *tuple) {
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count < 0) {
        PyErr_Clear();
        PyErr_SetString(PyExc_TypeError, table_usage);
    }
    return count;
}

/* The bytes of a description's names, each with the 16 bytes that `put` may read after it; -1 with an exception. */
static int64_t names_bytes(PyObject *tuples, Py_ssize_t parts) {
    int64_t bytes = 0;
    Py_ssize_t count = count_parts(tuples);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *name = PyTuple_GetItem(tuples, i);
        if (parts) {
            Py_ssize_t found = count_parts(name);
            if (found < 0 || read_count(found, parts, table_usage) < 0) return -1;
            name = PyTuple_GetItem(name, 0);
        }
        Span span;
        if (read_bytes(name, &span) < 0) return -1;
        bytes += length(span) + AT_ONCE;
    }
    return count < 0 ? -1 : bytes;
}

/* Copies a name to `room` and advances `room`. */
static int copy_name(PyObject *object, Span *name, uint8_t **room) {
    Span from;
    if (read_bytes(object, &from) < 0) return -1;
    memcpy(*room, from.at, (size_t)length(from));
    *name = (Span){*room, *room + length(from)};
    *room += length(from) + AT_ONCE;
    return 0;
}

static int is_within(int64_t index, int64_t count) {
    return index >= NONE && index < count;
}

static int read_column(PyObject *tuple, Table *table, int32_t index, uint8_t **room) {
    Column *column = &table->columns[index];
    int64_t parts[COLUMN_PARTS - 1];
    if (copy_name(PyTuple_GetItem(tuple, 0), &column->prefix, room) < 0
        || read_integers(tuple, parts, 1, COLUMN_PARTS - 1) < 0)
        return -1;
    /* A column refers to an earlier one, so that no chain is a cycle. */
    if (parts[0] < 0 || parts[0] >= KINDS || !is_within(parts[5], index)) {
        PyErr_SetString(PyExc_ValueError, "a column has a known kind, and the next one of its attribute is before it");
        return -1;
    }
    column->kind = (int32_t)parts[0];
    column->descriptor = (int32_t)parts[1];
    column->whole = (int32_t)parts[2];
    column->fraction = (int32_t)parts[3];
    column->is_key = parts[4] != 0;
    column->next = (int32_t)parts[5];
    return 0;
}

static int read_node(PyObject *tuple, Table *table, int32_t index, uint8_t **room) {
    Node *node = &table->nodes[index];
    int64_t parts[NODE_PARTS - 1];
    if (copy_name(PyTuple_GetItem(tuple, 0), &node->name, room) < 0
        || read_integers(tuple, parts, 1, NODE_PARTS - 1) < 0)
        return -1;
    if (!length(node->name) || !is_within(parts[0], index) || !is_within(parts[1], table->column_count)) {
        PyErr_SetString(PyExc_ValueError, "a node has a name, a parent before it and one of the columns");
        return -1;
    }
    node->parent = (int32_t)parts[0];
    node->column = (int32_t)parts[1];
    int32_t *first = &table->buckets[bucket(node->parent, node->name)];
    node->next = *first;
    *first = index;
    return 0;
}

/* Fills a table that has its counts and pointers. */
static int fill_table(Table *table, PyObject *const *tuples, uint8_t *room) {
    Span *const prefixes[PREFIXES] = {
        &table->event_id,
        &table->op,
        &table->sequence,
        &table->changed_at,
        &table->before,
        &table->after,
    };
    for (int i = 0; i < BUCKETS; i++) table->buckets[i] = NONE;
    for (int i = 0; i < PREFIXES; i++) {
        if (copy_name(PyTuple_GetItem(tuples[0], i), prefixes[i], &room) < 0) return -1;
        table->prefix_bytes += length(*prefixes[i]);
    }
    for (int32_t i = 0; i < table->column_count; i++) {
        if (read_column(PyTuple_GetItem(tuples[1], i), table, i, &room) < 0) return -1;
        table->prefix_bytes += length(table->columns[i].prefix);
    }
    for (int32_t i = 0; i < table->node_count; i++)
        if (read_node(PyTuple_GetItem(tuples[2], i), table, i, &room) < 0) return -1;
    return 0;
}

static void free_table(PyObject *capsule) {
    PyMem_Free(PyCapsule_GetPointer(capsule, table_name));
}

/* Allocates a table with these counts and its pointers set; NULL with an exception. */
static Table *new_table(size_t columns, size_t nodes, size_t names, uint8_t **room) {
    size_t fixed = sizeof(Table) + columns * (sizeof(Column) + sizeof(Span)) + nodes * (sizeof(Node) + 1);
    Table *made = PyMem_Malloc(fixed + names);
    if (!made) {
        PyErr_NoMemory();
        return NULL;
    }
    memset(made, 0, fixed + names);
    made->column_count = (int64_t)columns;
    made->node_count = (int64_t)nodes;
    made->columns = (Column *)(made + 1);
    made->nodes = (Node *)(made->columns + columns);
    made->values = (Span *)(made->nodes + nodes);
    made->seen = (uint8_t *)(made->values + columns);
    *room = made->seen + nodes;
    return made;
}

static PyObject *table(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    static const Py_ssize_t parts[] = {0, COLUMN_PARTS, NODE_PARTS};
    if (read_count(count, 3, table_usage) < 0) return NULL;
    int64_t names = 0;
    for (int i = 0; i < 3; i++) {
        int64_t bytes = names_bytes(arguments[i], parts[i]);
        if (bytes < 0) return NULL;
        names += bytes;
    }
    if (read_count(PyTuple_Size(arguments[0]), PREFIXES, table_usage) < 0) return NULL;
    uint8_t *room;
    size_t columns = (size_t)PyTuple_Size(arguments[1]), nodes = (size_t)PyTuple_Size(arguments[2]);
    Table *made = new_table(columns, nodes, (size_t)names, &room);
    if (!made) return NULL;
    PyObject *capsule = fill_table(made, arguments, room) < 0 ? NULL : PyCapsule_New(made, table_name, free_table);
    if (!capsule) PyMem_Free(made);
    return capsule;
}

#endif
