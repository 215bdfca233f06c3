/* A change event, in pieces: what transform/events.py reads of it. */

#ifndef CHANGE_H
#define CHANGE_H

#include "json.h"

enum { MAX_MEMBERS = 512 };

struct member {
    struct span name;
    const byte *value;
};

/* An image with its members, or null. */
struct image {
    struct span text;
    i32 is_null, count;
    struct member members[MAX_MEMBERS];
};

struct change {
    struct span id, op, time, precision, sequence, record, identity, principal;
    struct image keys, old, new;
};

/* A piece that may stand there once. */
INLINE const byte *keep(struct span *piece, const byte *at, const byte *end) {
    if (piece->at || !end) return 0;
    *piece = (struct span){at, end};
    return end;
}

/* What is of no interest in the event itself. */
static const byte *skip_other(const byte *p) { return *p == '-' || is_digit(*p) ? skip_number(p) : skip_value(p, 0); }

static const byte *read_image_member(void *context, struct span name, const byte *value) {
    struct image *image = context;
    if (image->count == MAX_MEMBERS || *value != '{') return 0;
    image->members[image->count++] = (struct member){name, value};
    return skip_value(value, 0);
}

static const byte *read_image(struct image *image, const byte *p) {
    if (image->is_null) return 0;
    if (*p != 'n') return keep(&image->text, p, read_members(p, image, read_image_member));
    image->is_null = 1;
    return image->text.at ? 0 : skip_word(p, "null");
}

static const byte *read_record_member(void *context, struct span name, const byte *value) {
    struct change *change = context;
    if (IS(name, "Keys")) return read_image(&change->keys, value);
    if (IS(name, "OldImage")) return read_image(&change->old, value);
    if (IS(name, "NewImage")) return read_image(&change->new, value);
    if (IS(name, "SequenceNumber")) return keep(&change->sequence, value, skip_bare_string(value));
    if (IS(name, "ApproximateCreationDateTime")) return keep(&change->time, value, skip_number(value));
    if (IS(name, "ApproximateCreationDateTimePrecision"))
        return keep(&change->precision, value, skip_bare_string(value));
    return skip_other(value);
}

static const byte *read_identity_member(void *context, struct span name, const byte *value) {
    struct change *change = context;
    if (IS(name, "principalId") || IS(name, "PrincipalId")) return keep(&change->principal, value, skip_bare_string(value));
    return skip_other(value);
}

static const byte *read_event_member(void *context, struct span name, const byte *value) {
    struct change *change = context;
    if (IS(name, "eventID")) return keep(&change->id, value, skip_bare_string(value));
    if (IS(name, "eventName")) return keep(&change->op, value, skip_bare_string(value));
    if (IS(name, "dynamodb"))
        return keep(&change->record, value, read_members(value, change, read_record_member));
    if (IS(name, "userIdentity"))
        return keep(&change->identity, value,
                    *value == 'n' ? skip_word(value, "null") : read_members(value, change, read_identity_member));
    return skip_other(value);
}

static void clear(struct image *image) {
    image->text.at = 0;
    image->is_null = image->count = 0;
}

static int read_change(struct change *change, const byte *p, const byte *end) {
    static const struct span none;
    change->id = change->op = change->time = change->precision = change->sequence = none;
    change->record = change->identity = change->principal = none;
    clear(&change->keys);
    clear(&change->old);
    clear(&change->new);
    return read_members(p, change, read_event_member) == end && change->id.at && length(change->id) > 2 &&
           change->op.at && change->time.at;
}

#endif
