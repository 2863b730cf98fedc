// The one program of the rig's own images: what pods of tests run. Static, so that an image is this file alone.
//   rig pause                        the first process of a sandbox
//   rig serve PORT                   answers each line with "host peer line"; an HTTP GET with the same as a body
//   rig ask HOST PORT [LINE]         one connection, one line; prints the answer
//   rig talk HOST PORT MILLIS        one connection for ever, a line now and then; ends with 1 and the reason when it breaks
//   rig knock HOST PORT MILLIS       a connection now and then for ever; prints each that fails
//   rig find NAME                    the IPv4 address of a name, as an application asks for it
//   rig names ADDRESS FILE           a DNS server (UDP 53) for the lines "name IPv4" of a file, read for each question
// talk and knock print "N done" and how long the slowest took so far, once a second's worth of lines, and at the end (SIGTERM).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char host[256];
static const int patience = 10;
static volatile sig_atomic_t ending;

static void on_term(int signal) { ending = signal; }

static void on_child(int signal) {
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

static int pause_for_ever(void) {
  signal(SIGCHLD, on_child);
  while (!ending) {
    pause();
  }
  return 0;
}

static void limit(int fd, int seconds) {
  struct timeval time = {seconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

static void *answer(void *argument) {
  int fd = (int)(long)argument;
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  char peer[NI_MAXHOST] = "?", line[4096];
  if (getpeername(fd, (struct sockaddr *)&address, &size) == 0) {
    getnameinfo((struct sockaddr *)&address, size, peer, sizeof peer, NULL, 0, NI_NUMERICHOST);
  }
  const char *plain = strncmp(peer, "::ffff:", 7) == 0 ? peer + 7 : peer;
  FILE *in = fdopen(fd, "r");
  while (in != NULL && fgets(line, sizeof line, in) != NULL) {
    char text[5000];
    if (strncmp(line, "GET ", 4) == 0) {
      int body = snprintf(NULL, 0, "%s %s\n", host, plain);
      int length = snprintf(text, sizeof text, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s %s\n", body, host, plain);
      while (fgets(line, sizeof line, in) != NULL && strcmp(line, "\r\n") != 0 && strcmp(line, "\n") != 0) {
      }
      if (send(fd, text, length, MSG_NOSIGNAL) < 0) {
        break;
      }
      shutdown(fd, SHUT_WR);
      continue;
    }
    int length = snprintf(text, sizeof text, "%s %s %s", host, plain, line);
    if (send(fd, text, length, MSG_NOSIGNAL) < 0) {
      break;
    }
  }
  if (in != NULL) {
    fclose(in);
  }
  return NULL;
}

static int serve(int port) {
  int listener = socket(AF_INET6, SOCK_STREAM, 0), one = 1, zero = 0;
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_ANY_INIT};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  if (bind(listener, (struct sockaddr *)&any, sizeof any) != 0 || listen(listener, 1024) != 0) {
    perror("listen");
    return 1;
  }
  while (!ending) {
    int fd = accept(listener, NULL, NULL);
    pthread_t thread;
    if (fd >= 0 && pthread_create(&thread, NULL, answer, (void *)(long)fd) == 0) {
      pthread_detach(thread);
    } else if (fd >= 0) {
      close(fd);
    }
  }
  return 0;
}

// The socket, or -1 with the reason.
static int dial(const char *name, const char *port, const char **reason) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
  int error = getaddrinfo(name, port, &hints, &found);
  if (error != 0) {
    *reason = gai_strerror(error);
    return -1;
  }
  int fd = socket(found->ai_family, SOCK_STREAM, 0);
  limit(fd, patience);
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    *reason = errno == EINPROGRESS ? "connect timed out" : strerror(errno);
    close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}

// Sends a line and reads the answer to its end of line. 0, or -1 with the reason.
static int exchange(int fd, const char *line, char *answered, size_t size, const char **reason) {
  size_t filled = 0;
  if (send(fd, line, strlen(line), MSG_NOSIGNAL) < 0) {
    *reason = strerror(errno);
    return -1;
  }
  while (filled < size - 1) {
    ssize_t n = recv(fd, answered + filled, size - 1 - filled, 0);
    if (n <= 0) {
      *reason = n == 0 ? "closed" : errno == EAGAIN ? "no answer" : strerror(errno);
      return -1;
    }
    filled += n;
    answered[filled] = 0;
    if (answered[filled - 1] == '\n') {
      return 0;
    }
  }
  *reason = "the answer is too long";
  return -1;
}

static int ask(const char *name, const char *port, const char *text) {
  char line[1024], answered[5000];
  const char *reason = "";
  snprintf(line, sizeof line, "%s\n", text);
  int fd = dial(name, port, &reason);
  if (fd < 0 || exchange(fd, line, answered, sizeof answered, &reason) != 0) {
    fprintf(stderr, "%s\n", reason);
    return 1;
  }
  fputs(answered, stdout);
  return 0;
}

static void rest(int millis) {
  struct timespec time = {millis / 1000, (millis % 1000) * 1000000L};
  nanosleep(&time, NULL);
}

static long millis_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000L + now.tv_nsec / 1000000;
}

static int repeat(const char *name, const char *port, int millis, int anew) {
  char line[64], answered[5000];
  long done = 0, failed = 0, slowest = 0;
  int fd = -1, each = millis > 0 && millis < 1000 ? 1000 / millis : 1;
  while (!ending) {
    const char *reason = "";
    long began = millis_now();
    snprintf(line, sizeof line, "%ld\n", done);
    if (fd < 0) {
      fd = dial(name, port, &reason);
    }
    if ((fd < 0 || exchange(fd, line, answered, sizeof answered, &reason) != 0) && !ending) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      printf("failed %ld at %ld.%03ld: %s\n", done, (long)now.tv_sec, now.tv_nsec / 1000000, reason);
      fflush(stdout);
      failed++;
      if (!anew) {
        return 1;
      }
    }
    slowest = millis_now() - began > slowest ? millis_now() - began : slowest;
    if (anew && fd >= 0) {
      close(fd);
      fd = -1;
    }
    if (++done % each == 0) {
      printf("%ld done, slowest %ld ms\n", done, slowest);
      fflush(stdout);
    }
    rest(millis);
  }
  printf("%ld done, %ld failed, slowest %ld ms\n", done, failed, slowest);
  return 0;
}

static int find(const char *name) {
  struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
  char text[64];
  int error = getaddrinfo(name, NULL, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s\n", gai_strerror(error));
    return 1;
  }
  getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST);
  puts(text);
  freeaddrinfo(found);
  return 0;
}

// Where the question ends, its name in text; 0 when it cannot be read.
static size_t question(const unsigned char *query, size_t size, char *name, size_t room) {
  size_t at = 12, filled = 0;
  while (at < size && query[at] != 0) {
    size_t length = query[at++];
    if (length > 63 || at + length > size || filled + length + 2 > room) {
      return 0;
    }
    memcpy(name + filled, query + at, length);
    filled += length;
    name[filled++] = '.';
    at += length;
  }
  name[filled > 0 ? filled - 1 : 0] = 0;
  return at + 5 <= size ? at + 5 : 0;
}

static int find_name(const char *file, const char *name, struct in_addr *address) {
  char line[512], known[256], text[64];
  int found = 0;
  FILE *in = fopen(file, "r");
  while (in != NULL && !found && fgets(line, sizeof line, in) != NULL) {
    found = sscanf(line, "%255s %63s", known, text) == 2 && strcasecmp(known, name) == 0 && inet_pton(AF_INET, text, address) == 1;
  }
  if (in != NULL) {
    fclose(in);
  }
  return found;
}

static int names(const char *address, const char *file) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(53)}, peer;
  unsigned char query[512 + 16];
  char name[256];
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (inet_pton(AF_INET, address, &own.sin_addr) != 1 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0) {
    perror("bind");
    return 1;
  }
  while (!ending) {
    socklen_t length = sizeof peer;
    ssize_t n = recvfrom(fd, query, 512, 0, (struct sockaddr *)&peer, &length);
    size_t end = n < 17 ? 0 : question(query, n, name, sizeof name);
    struct in_addr found;
    if (end == 0) {
      continue;
    }
    int known = find_name(file, name, &found), asks_a = query[end - 4] == 0 && query[end - 3] == 1;
    query[2] = 0x85;
    query[3] = known ? 0x80 : 0x83;
    memset(query + 6, 0, 6);
    if (known && asks_a) {
      static const unsigned char head[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4};
      query[7] = 1;
      memcpy(query + end, head, sizeof head);
      memcpy(query + end + sizeof head, &found, 4);
      end += sizeof head + 4;
    }
    sendto(fd, query, end, 0, (struct sockaddr *)&peer, length);
  }
  return 0;
}

int main(int count, char **words) {
  struct sigaction term = {.sa_handler = on_term};
  sigaction(SIGTERM, &term, NULL);
  sigaction(SIGINT, &term, NULL);
  gethostname(host, sizeof host - 1);
  if (count == 2 && strcmp(words[1], "pause") == 0) {
    return pause_for_ever();
  }
  if (count == 3 && strcmp(words[1], "serve") == 0) {
    return serve(atoi(words[2]));
  }
  if (count >= 4 && strcmp(words[1], "ask") == 0) {
    return ask(words[2], words[3], count > 4 ? words[4] : "hello");
  }
  if (count == 5 && (strcmp(words[1], "talk") == 0 || strcmp(words[1], "knock") == 0)) {
    return repeat(words[2], words[3], atoi(words[4]), words[1][0] == 'k');
  }
  if (count == 3 && strcmp(words[1], "find") == 0) {
    return find(words[2]);
  }
  if (count == 4 && strcmp(words[1], "names") == 0) {
    return names(words[2], words[3]);
  }
  fprintf(stderr, "usage: rig pause | serve PORT | ask HOST PORT [LINE] | talk HOST PORT MILLIS | knock HOST PORT MILLIS | find NAME | names ADDRESS FILE\n");
  return 2;
}
