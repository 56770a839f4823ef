/*
 * What the kernel must refuse a process in the unit, for which Node has no function. Says one line
 * for each: what was tried, a colon, and the error or "works".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "works");
}

int main(void)
{
	say("a raw socket", socket(AF_INET, SOCK_RAW, 1));
	say("a raw socket of IPv6", socket(AF_INET6, SOCK_RAW, 58));
	say("a packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	say("a netlink socket", socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	say("a socket to virtual machines", socket(AF_VSOCK, SOCK_STREAM, 0));
	say("a user namespace", unshare(CLONE_NEWUSER));
	say("a mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say("to be root", setuid(0));
	say("a look into process 1", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	say("a program for the kernel", syscall(SYS_bpf, 5, NULL, 0));
	say("the kernel's log", syscall(SYS_syslog, 3, NULL, 0));
	say("the clock", syscall(SYS_clock_settime, 0, NULL));
	say("another root", chroot("/tmp"));
	say("a key ring", syscall(SYS_keyctl, 0, -3, 0));
	say("performance counters", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
	return 0;
}
