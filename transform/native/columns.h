/* Finds the text of each column of the table in an image. */
#ifndef TRANSFORM_COLUMNS_H
#define TRANSFORM_COLUMNS_H

#include "change.h"
#include "table.h"

typedef struct {
    const Table *table;
    int32_t node;
} Place;

static const uint8_t *read_attribute(Place place, const uint8_t *p);

/* A member of a map that columns read from. */
static const uint8_t *read_map_member(void *context, Span name, const uint8_t *value) {
    Place *map = context;
    int32_t node = find(map->table, map->node, name);
    return node < 0 ? skip_value(value, 0) : read_attribute((Place){map->table, node}, value);
}

/* The text under a node's DynamoDB type, for each of its columns. */
static const uint8_t *read_content(Place place, Span descriptor, const uint8_t *p) {
    const Table *table = place.table;
    int32_t index = table->nodes[place.node].column;
    if (index < 0) return IS(descriptor, "M") ? read_members(p, &place, read_map_member) : NULL;
    if (table->columns[index].descriptor == 'O') {
        if (!IS(descriptor, "BOOL") || (*p != 't' && *p != 'f')) return NULL;
    } else if (length(descriptor) != 1 || *descriptor.at != table->columns[index].descriptor || *p != '"')
        return NULL;
    const uint8_t *end = skip_value(p, 0);
    for (; index >= 0; index = table->columns[index].next) table->values[index] = (Span){p, end};
    return end;
}

/* An attribute's one member: {"S": "text"}, or {"NULL": true}. */
static const uint8_t *read_attribute(Place place, const uint8_t *p) {
    if (place.table->seen[place.node]++ || *p != '{') return NULL;
    const uint8_t *start = skip_spaces(p + 1);
    if (!(p = skip_bare_string(start))) return NULL;
    Span descriptor = {start + 1, p - 1};
    p = skip_spaces(p);
    if (*p != ':') return NULL;
    p = skip_spaces(p + 1);
    p = IS(descriptor, "NULL") ? skip_word(p, "true") : read_content(place, descriptor, p);
    if (!p) return NULL;
    p = skip_spaces(p);
    return *p == '}' ? p + 1 : NULL;
}

static int read_columns(const Table *table, const Image *image) {
    for (int64_t i = 0; i < table->column_count; i++) table->values[i].at = 0;
    for (int64_t i = 0; i < table->node_count; i++) table->seen[i] = 0;
    for (int32_t i = 0; i < image->count; i++) {
        int32_t node = find(table, -1, image->members[i].name);
        if (node >= 0 && !read_attribute((Place){table, node}, image->members[i].value)) return 0;
    }
    return 1;
}

#endif
