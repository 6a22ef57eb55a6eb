/* Counts the usual lines of nginx's error log, by message, server and client. log_table.py says what for, and calls it.

   A usual line is `TIME [LEVEL] PID#TID: *CONNECTION MESSAGE, client: CLIENT, server: SERVER`, then a comma or its end; anything
   may stand before it, and it may stand in a JSON object of Docker's. Every other line with a mark in it is noticed, for the
   caller to read. All memory is the caller's. */

#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>

const char handclasp_source[] = SOURCE_DIGEST;

typedef struct {
    uint32_t count, owner, length; /* of a client, `owner` is its message's number; of a message, MESSAGE */
    union {
        char here[52];
        struct { uint32_t at, number; } there; /* longer keys, and all messages */
    } key;
} Entry;

typedef struct {
    uint64_t last; /* where it was met last, in bytes from the beginning of the log */
    uint32_t count;
    char time[20]; /* what stands there before the level: nginx's time, most likely */
} Message;

typedef struct {
    uint64_t seed;
    Entry *entries;
    uint32_t *order; /* the clients' entries, as they were met first */
    Message *messages;
    char *keys;
    uint32_t slots, most_entries, most_messages, most_key_bytes; /* `slots` is a power of two, and twice the entries */
    uint32_t clients_used, messages_used, key_bytes;
} Table;

typedef struct {
    uint32_t begin, length;
    uint32_t message; /* UNUSUAL, or the number of a message that is met for the first time */
    uint32_t clients; /* how many there were before it */
} Notice;

static const uint32_t UNUSUAL = UINT32_MAX, FULL = UINT32_MAX - 1, MESSAGE = UINT32_MAX;
static const char CLIENT[] = ", client: ", SERVER[] = ", server: ";
enum { LONGEST = 4096, MOST_DIGITS = 20, TIME_SIZE = 19, CLIENT_SIZE = sizeof CLIENT - 1, SERVER_SIZE = sizeof SERVER - 1 };

/* Each mark, and the place of the first of two bytes in it that seldom stand so in other lines: those in next_mark. */
static const struct { const char *word; int length, rare; } MARKS[] = {
    {"SSL", 3, 0}, {"HTTPS port", 10, 4}, {"negotiated", 10, 2}, {"PROXY protocol", 14, 3},
    {"[emerg]", 7, 0}, {"certificate", 11, 5}, {"OCSP", 4, 1}, {"client sent invalid", 19, 13},
};

static int has_mark(const char *text, const char *at, const char *end)
{
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
        if (at - text >= MARKS[i].rare && end - at >= MARKS[i].length - MARKS[i].rare
            && memcmp(at - MARKS[i].rare, MARKS[i].word, MARKS[i].length) == 0)
            return 1;
    return 0;
}

/* A place in the next line with a mark in it, or the end. Compilers turn the loop over a chunk into SIMD instructions. */
static const char *next_mark(const char *text, const char *at, const char *end)
{
    enum { CHUNK = 64, FARTHEST = 3 };
    union { unsigned char bytes[CHUNK]; uint64_t words[CHUNK / 8]; } hit;
    for (; end - at >= CHUNK + FARTHEST; at += CHUNK) {
        for (int i = 0; i < CHUNK; i++) {
            char a = at[i], b = at[i + 1], c = at[i + 2], d = at[i + 3];
            hit.bytes[i] = ((a == 'S') & (c == 'L')) | ((a == 'S') & (b == ' ')) | ((a == 'g') & (d == 'i'))
                         | ((a == 'X') & (b == 'Y')) | ((a == '[') & (c == 'm')) | ((a == 'f') & (c == 'c'))
                         | ((a == 'C') & (c == 'P')) | ((a == 'n') & (b == 'v'));
        }
        for (int word = 0; word < CHUNK / 8; word++)
            for (int i = 8 * word; hit.words[word] && i < 8 * word + 8; i++)
                if (hit.bytes[i] && has_mark(text, at + i, end))
                    return at + i;
    }
    while (at < end && !has_mark(text, at, end))
        at++;
    return at;
}

static uint64_t hashed(uint64_t hash, const char *key, size_t length)
{
    uint64_t word;
    for (; length >= 8; key += 8, length -= 8) {
        memcpy(&word, key, 8);
        hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    word = length;
    memcpy((char *)&word + 1, key, length);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

/* The entry of a key that is given in two pieces. It is made when there is none; NULL when there is no room. */
static Entry *entry_of(Table *table, uint32_t owner, const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t length = a_length + b_length;
    int here = owner != MESSAGE && length <= sizeof ((Entry *)0)->key.here;
    uint64_t slot = hashed(hashed(table->seed ^ owner, a, a_length), b, b_length) & (table->slots - 1);
    Entry *entry;
    for (; (entry = table->entries + slot)->count; slot = (slot + 1) & (table->slots - 1)) {
        if (entry->owner != owner || entry->length != length)
            continue;
        const char *key = here ? entry->key.here : table->keys + entry->key.there.at;
        if (memcmp(key, a, a_length) == 0 && memcmp(key + a_length, b, b_length) == 0)
            return entry->count == UINT32_MAX ? NULL : (entry->count++, entry);
    }
    if (table->clients_used + table->messages_used == table->most_entries || table->most_key_bytes - table->key_bytes < length
        || (owner == MESSAGE && table->messages_used == table->most_messages))
        return NULL;
    *entry = (Entry){.count = 1, .owner = owner, .length = length};
    char *key = entry->key.here;
    if (!here) {
        key = table->keys + table->key_bytes;
        entry->key.there.at = table->key_bytes;
        table->key_bytes += length;
    }
    memcpy(key, a, a_length);
    memcpy(key + a_length, b, b_length);
    if (owner == MESSAGE) {
        entry->key.there.number = table->messages_used;
        table->messages[table->messages_used++] = (Message){0};
    } else
        table->order[table->clients_used++] = slot;
    return entry;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Where the digits end that begin here, or NULL. */
static const char *after_digits(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && is_digit(*at))
        at++;
    return at > from && at - from <= MOST_DIGITS ? at : NULL;
}

static const char *after_word(const char *at, const char *end, const char *word, size_t length)
{
    return at && (size_t)(end - at) >= length && memcmp(at, word, length) == 0 ? at + length : NULL;
}

/* Where the message begins after `[LEVEL] PID#TID: *CONNECTION `, or NULL; the last part may be missing. */
static const char *after_head(const char *at, const char *end)
{
    const char *level = ++at;
    while (at < end && *at >= 'a' && *at <= 'z')
        at++;
    if (at == level || at - level > MOST_DIGITS || !(at = after_word(at, end, "] ", 2)))
        return NULL;
    at = after_digits(at, end);
    if (!(at = after_word(at, end, "#", 1)) || !(at = after_word(after_digits(at, end), end, ": ", 2)))
        return NULL;
    const char *number = at < end && *at == '*' ? after_word(after_digits(at + 1, end), end, " ", 1) : NULL;
    return number ? number : at;
}

static const char *next_client(const char *at, const char *end)
{
    while ((at = memchr(at, ',', end - at)) && !after_word(at, end, CLIENT, CLIENT_SIZE))
        at++;
    return at;
}

static const char *without_space(const char *begin, const char *end)
{
    while (end > begin && (end[-1] == ' ' || (end[-1] >= '\t' && end[-1] <= '\r')))
        end--;
    return end;
}

/* Where the line begins in `{"log":"LINE\n","stream":...}`, or NULL. */
static const char *inside_json(const char *at, const char *end)
{
    at = after_word(at, end, "{\"log\":", 7);
    const char *space = after_word(at, end, " ", 1);
    return after_word(space ? space : at, end, "\"", 1);
}

static int is_ascii(const char *at, const char *end)
{
    while (at < end && (unsigned char)*at < 0x80)
        at++;
    return at == end;
}

/* Count a line, and give the number of its message, UNUSUAL or FULL. */
static uint32_t count_line(Table *table, const char *line, const char *end, uint64_t place)
{
    const char *begin = *line == '{' ? inside_json(line, end) : line, *head = begin, *message = NULL, *client, *server, *stop;
    if (end - line > LONGEST || !begin)
        return UNUSUAL;
    for (; (head = memchr(head, '[', end - head)); head++)
        if (head - begin >= 2 && head[-1] == ' ' && is_digit(head[-2]) && (message = after_head(head, end)))
            break;
    if (!head || head - begin < TIME_SIZE + 1 || !(client = next_client(message, end)))
        return UNUSUAL;
    const char *name = client + CLIENT_SIZE;
    if (!(server = memchr(name, ',', end - name)) || !after_word(server, end, SERVER, SERVER_SIZE))
        return UNUSUAL;
    stop = memchr(server + 1, ',', end - server - 1);
    if (begin != line && (!stop || memchr(begin, '"', stop - begin) || memchr(begin, '\\', stop - begin)
                          || !is_ascii(name, server)))
        return UNUSUAL; /* it has to be unwrapped first */
    Entry *entry = entry_of(table, MESSAGE, message, name - message, server, (stop ? stop : end) - server);
    if (!entry)
        return FULL;
    uint32_t number = entry->key.there.number;
    if (!entry_of(table, number, name, without_space(name, server) - name, "", 0))
        return FULL;
    Message *said = table->messages + number;
    said->count++;
    said->last = place;
    memcpy(said->time, head - TIME_SIZE - 1, TIME_SIZE);
    return number;
}

/* Count a block of whole lines that begins at this place of the log. Gives how far it came: to its end, to where there was no
   room for another notice, or to a line that the table has no room for. */
uint32_t handclasp_count(Table *table, const char *text, uint32_t size, uint64_t place, Notice *notices, uint32_t most,
                         uint32_t *noticed)
{
    const char *end = text + size, *at = text;
    for (*noticed = 0; (at = next_mark(text, at, end)) < end;) {
        const char *line = memrchr(text, '\n', at - text), *stop = memchr(at, '\n', end - at);
        line = line ? line + 1 : text;
        stop = stop ? stop : end;
        uint32_t clients = table->clients_used;
        uint32_t message = *noticed < most ? count_line(table, line, stop, place + (line - text)) : FULL;
        if (message == FULL)
            return line - text;
        if (message == UNUSUAL || table->messages[message].count == 1)
            notices[(*noticed)++] = (Notice){line - text, stop - line, message, clients};
        at = stop < end ? stop + 1 : end;
    }
    return size;
}

/* The clients, as they were met first: each with its message's number and its count, and its name with a line feed. There is
   room for all when `names` has room for all keys and sixty bytes for each entry. Gives how many bytes of it are used. */
uint32_t handclasp_clients(const Table *table, uint32_t *messages, uint32_t *counts, char *names)
{
    char *at = names;
    for (uint32_t i = 0; i < table->clients_used; i++) {
        const Entry *entry = table->entries + table->order[i];
        messages[i] = entry->owner;
        counts[i] = entry->count;
        memcpy(at, entry->length <= sizeof entry->key.here ? entry->key.here : table->keys + entry->key.there.at, entry->length);
        at += entry->length;
        *at++ = '\n';
    }
    return at - names;
}
