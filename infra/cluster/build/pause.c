#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

// Holds a pod's namespaces: it waits, and collects the processes that lost their parent.
static void stop(int signal) { _exit(0); }
static void collect(int signal) { while (waitpid(-1, 0, WNOHANG) > 0); }

int main() {
  signal(SIGTERM, stop);
  signal(SIGINT, stop);
  signal(SIGCHLD, collect);
  for (;;) pause();
}
