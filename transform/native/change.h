/* A change event in pieces: the parts that transform/events.py reads. */
#ifndef TRANSFORM_CHANGE_H
#define TRANSFORM_CHANGE_H

#include "json.h"

enum { MAX_MEMBERS = 512 };

typedef struct {
    Span name;
    const uint8_t *value;
} Member;

/* An image with its members, or null. */
typedef struct {
    Span text;
    int32_t is_null, count;
    Member members[MAX_MEMBERS];
} Image;

typedef struct {
    Span id, op, time, precision, sequence, record, identity, principal;
    Image keys, old, new;
} Change;

/* A piece that may occur once. */
INLINE const uint8_t *keep(Span *piece, const uint8_t *at, const uint8_t *end) {
    if (piece->at || !end) return NULL;
    *piece = (Span){at, end};
    return end;
}

/* A value of the event that no row uses. */
static const uint8_t *skip_other(const uint8_t *p) {
    return *p == '-' || is_digit(*p) ? skip_number(p) : skip_value(p, 0);
}

static const uint8_t *read_image_member(void *context, Span name, const uint8_t *value) {
    Image *image = context;
    if (image->count == MAX_MEMBERS || *value != '{') return NULL;
    image->members[image->count++] = (Member){name, value};
    return skip_value(value, 0);
}

static const uint8_t *read_image(Image *image, const uint8_t *p) {
    if (image->is_null) return NULL;
    if (*p != 'n') return keep(&image->text, p, read_members(p, image, read_image_member));
    image->is_null = 1;
    return image->text.at ? 0 : skip_word(p, "null");
}

static const uint8_t *read_record_member(void *context, Span name, const uint8_t *value) {
    Change *change = context;
    if (IS(name, "Keys")) return read_image(&change->keys, value);
    if (IS(name, "OldImage")) return read_image(&change->old, value);
    if (IS(name, "NewImage")) return read_image(&change->new, value);
    if (IS(name, "SequenceNumber")) return keep(&change->sequence, value, skip_bare_string(value));
    if (IS(name, "ApproximateCreationDateTime")) return keep(&change->time, value, skip_number(value));
    if (IS(name, "ApproximateCreationDateTimePrecision"))
        return keep(&change->precision, value, skip_bare_string(value));
    return skip_other(value);
}

static const uint8_t *read_identity_member(void *context, Span name, const uint8_t *value) {
    Change *change = context;
    if (IS(name, "principalId") || IS(name, "PrincipalId"))
        return keep(&change->principal, value, skip_bare_string(value));
    return skip_other(value);
}

static const uint8_t *read_event_member(void *context, Span name, const uint8_t *value) {
    Change *change = context;
    if (IS(name, "eventID")) return keep(&change->id, value, skip_bare_string(value));
    if (IS(name, "eventName")) return keep(&change->op, value, skip_bare_string(value));
    if (IS(name, "dynamodb")) return keep(&change->record, value, read_members(value, change, read_record_member));
    if (IS(name, "userIdentity"))
        return keep(&change->identity, value,
            *value == 'n' ? skip_word(value, "null") : read_members(value, change, read_identity_member));
    return skip_other(value);
}

static void clear(Image *image) {
    image->text.at = 0;
    image->is_null = image->count = 0;
}

static int read_change(Change *change, const uint8_t *p, const uint8_t *end) {
    static const Span none;
    change->id = change->op = change->time = change->precision = change->sequence = none;
    change->record = change->identity = change->principal = none;
    clear(&change->keys);
    clear(&change->old);
    clear(&change->new);
    return read_members(p, change, read_event_member) == end && change->id.at && length(change->id) > 2 && change->op.at
        && change->time.at;
}

#endif
