/* A table's columns, and the attributes that they read. */
#ifndef TRANSFORM_TABLE_H
#define TRANSFORM_TABLE_H

#include "scan.h"

enum { BUCKETS = 64, NONE = -1 };

/* The conversions of a column's text; transform/compiled.py has the same order. */
typedef enum { STRING, BOOLEAN, INTEGER, DECIMAL, DOUBLE, DATE, TIMESTAMP } Kind;

enum { KINDS = TIMESTAMP + 1 };

/* A column of the table. `descriptor` is its attribute's DynamoDB type: 'S', 'N', 'B', or 'O' for BOOL. */
typedef struct {
    Span prefix; /* the text before the value in a row: ,"name": */
    int32_t kind, descriptor;
    int32_t whole, fraction; /* the maximum of digits before and behind a number's point */
    int32_t is_key;
    int32_t next; /* another column of the same attribute, or NONE */
} Column;

/* An attribute that columns read: itself, or as a map (then column is NONE) of attributes that name it as parent. */
typedef struct {
    Span name;
    int32_t parent, column;
    int32_t next; /* another node of the same bucket, or NONE */
} Node;

typedef struct {
    Span event_id, op, sequence, changed_at, before, after; /* prefixes, as a column's */
    int64_t prefix_bytes, column_count, node_count;
    Column *columns;
    Node *nodes;
    Span *values;             /* by column: the text read of the current record */
    uint8_t *seen;            /* by node: whether the current record has had it */
    int32_t buckets[BUCKETS]; /* by hash: the first node, or NONE */
} Table;

INLINE int bucket(int32_t parent, Span name) {
    return (parent * 31 + (int32_t)length(name) * 7 + name.at[0] * 5 + name.end[-1] * 3) & (BUCKETS - 1);
}

static int32_t find(const Table *table, int32_t parent, Span name) {
    if (name.at == name.end) return NONE;
    int32_t index = table->buckets[bucket(parent, name)];
    for (; index >= 0; index = table->nodes[index].next) {
        const Node *node = &table->nodes[index];
        if (node->parent == parent && length(node->name) == length(name)
            && is_same(node->name.at, name.at, length(name)))
            break;
    }
    return index;
}

#endif
