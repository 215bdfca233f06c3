/* The table's columns, and the text that an image has for each. transform/compiled.py makes these structures. */

#ifndef COLUMNS_H
#define COLUMNS_H

#include "change.h"

enum { BUCKETS = 64 };

/* What is to be done with a column's text. */
enum kind { STRING, BOOLEAN, INTEGER, DECIMAL, DOUBLE, DATE, TIMESTAMP };

/* A column of the table, by its attribute's DynamoDB type ('S', 'N', 'B', or 'O' for BOOL) and its own. */
struct column {
    struct span prefix;     /* what stands before the value in a row: ,"name": */
    i32 kind, descriptor;
    i32 whole, fraction;    /* the most digits before and behind a number's point */
    i32 is_key;
    i32 next;               /* another column of the same attribute, or -1 */
};

/* An attribute that columns read: by itself, or as a map (then column is -1) of attributes that name it as parent. */
struct node {
    struct span name;
    i32 parent, column;
    i32 next;               /* another node of the same bucket, or -1 */
    i32 padding;
};

struct table {
    struct span event_id, op, sequence, changed_at, before, after;  /* prefixes, as a column's */
    i64 prefix_bytes, column_count, node_count;
    const struct column *columns;
    const struct node *nodes;
    struct span *values;    /* by column: the text read of the record at hand */
    byte *seen;             /* by node: whether it was met in the record at hand */
    i32 buckets[BUCKETS];   /* by hash: the first node, or -1 */
};

/* compiled.py's `_bucket` is the same. */
INLINE int bucket(i32 parent, struct span name) {
    return (parent * 31 + (i32)length(name) * 7 + name.at[0] * 5 + name.end[-1] * 3) & (BUCKETS - 1);
}

static i32 find(const struct table *table, i32 parent, struct span name) {
    if (name.at == name.end) return -1;
    i32 index = table->buckets[bucket(parent, name)];
    for (; index >= 0; index = table->nodes[index].next) {
        const struct node *node = &table->nodes[index];
        if (node->parent == parent && length(node->name) == length(name) &&
            is_same(node->name.at, name.at, length(name)))
            break;
    }
    return index;
}

struct place {
    const struct table *table;
    i32 node;
};

static const byte *read_attribute(struct place place, const byte *p);

/* A member of a map that columns read from. */
static const byte *read_map_member(void *context, struct span name, const byte *value) {
    struct place *map = context;
    i32 node = find(map->table, map->node, name);
    return node < 0 ? skip_value(value, 0) : read_attribute((struct place){map->table, node}, value);
}

/* The text under a node's DynamoDB type, for each of its columns. */
static const byte *read_content(struct place place, struct span descriptor, const byte *p) {
    const struct table *table = place.table;
    i32 index = table->nodes[place.node].column;
    if (index < 0) return IS(descriptor, "M") ? read_members(p, &place, read_map_member) : 0;
    if (table->columns[index].descriptor == 'O') {
        if (!IS(descriptor, "BOOL") || (*p != 't' && *p != 'f')) return 0;
    } else if (length(descriptor) != 1 || *descriptor.at != table->columns[index].descriptor || *p != '"')
        return 0;
    const byte *end = skip_value(p, 0);
    for (; index >= 0; index = table->columns[index].next) table->values[index] = (struct span){p, end};
    return end;
}

/* An attribute's one member: {"S": "text"}, or {"NULL": true}. */
static const byte *read_attribute(struct place place, const byte *p) {
    if (place.table->seen[place.node]++ || *p != '{') return 0;
    const byte *start = skip_spaces(p + 1);
    if (!(p = skip_bare_string(start))) return 0;
    struct span descriptor = {start + 1, p - 1};
    p = skip_spaces(p);
    if (*p != ':') return 0;
    p = skip_spaces(p + 1);
    p = IS(descriptor, "NULL") ? skip_word(p, "true") : read_content(place, descriptor, p);
    if (!p) return 0;
    p = skip_spaces(p);
    return *p == '}' ? p + 1 : 0;
}

static int read_columns(const struct table *table, const struct image *image) {
    for (i64 i = 0; i < table->column_count; i++) table->values[i].at = 0;
    for (i64 i = 0; i < table->node_count; i++) table->seen[i] = 0;
    for (i32 i = 0; i < image->count; i++) {
        i32 node = find(table, -1, image->members[i].name);
        if (node >= 0 && !read_attribute((struct place){table, node}, image->members[i].value)) return 0;
    }
    return 1;
}

#endif
