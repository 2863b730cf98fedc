using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Text;
using Ambient.Linux.Native;
using Ambient.Linux.Polling;
using Ambient.Testing.Facts;
using Xunit.Abstractions;

namespace Ambient.Linux.Tests.Native;

/// <summary>Every struct and constant of the native layer against the C headers of this machine, by the C compiler.</summary>
public sealed unsafe class NativeLayoutTests(ITestOutputHelper output)
{
    private const string Headers = """
        #define _GNU_SOURCE
        #include <stddef.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <malloc.h>
        #include <poll.h>
        #include <sched.h>
        #include <unistd.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/resource.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/syscall.h>
        #include <sys/uio.h>
        #include <sys/un.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <linux/capability.h>
        #include <linux/mount.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/fib_rules.h>
        #include <linux/sock_diag.h>
        #include <linux/inet_diag.h>
        #include <linux/netfilter.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nf_tables.h>
        #define SO_ORIGINAL_DST 80
        #define IP6T_SO_ORIGINAL_DST 80

        """;

    [RequiresToolFact("gcc")]
    public void StructsAndConstants_AreThoseOfTheHeaders()
    {
        var source = new StringBuilder(Headers);
        int checks = AppendConstants(source) + AppendErrno(source) + AppendStructs(source);
        string path = Path.Combine(Path.GetTempPath(), $"ambient-layout-{Guid.NewGuid():N}.c");
        File.WriteAllText(path, source.ToString());
        try
        {
            using var gcc = Process.Start(new ProcessStartInfo("gcc", ["-std=gnu11", "-fsyntax-only", path]) { RedirectStandardError = true })!;
            string errors = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            Assert.True(gcc.ExitCode == 0, errors);
            output.WriteLine($"{checks} assertions hold");
            Assert.True(checks > 90, $"Only {checks} assertions were written.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static int AppendConstants(StringBuilder source)
    {
        int count = 0;
        foreach (FieldInfo field in ((Type[])[typeof(Libc), typeof(Kernel)]).SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)))
        {
            if (field.IsLiteral && field.FieldType != typeof(string))
            {
                source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert((long long)({field.Name}) == {field.GetRawConstantValue()}LL, \"{field.Name}\");");
                count++;
            }
        }

        return count;
    }

    private static int AppendErrno(StringBuilder source)
    {
        int count = 0;
        foreach (Errno errno in Enum.GetValues<Errno>())
        {
            if (errno != Errno.None)
            {
                source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert({errno} == {(int)errno}, \"{errno}\");");
                count++;
            }
        }

        foreach ((string name, Linux.Proc.Capability value) in new[]
        {
            ("CAP_NET_BIND_SERVICE", Linux.Proc.Capability.NetBindService), ("CAP_NET_ADMIN", Linux.Proc.Capability.NetAdmin),
            ("CAP_NET_RAW", Linux.Proc.Capability.NetRaw), ("CAP_SYS_PTRACE", Linux.Proc.Capability.SysPtrace), ("CAP_SYS_ADMIN", Linux.Proc.Capability.SysAdmin),
        })
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert({name} == {(int)value}, \"{name}\");");
            count++;
        }

        return count;
    }

    private static int AppendStructs(StringBuilder source)
    {
        int count = 0;
        void Size(string type, int size)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert(sizeof({type}) == {size}, \"sizeof {type}\");");
            count++;
        }

        void Offset(string type, string field, long offset)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"_Static_assert(offsetof({type}, {field}) == {offset}, \"{type}.{field}\");");
            count++;
        }

        Size("struct sockaddr_in", sizeof(Libc.sockaddr_in));
        Size("struct sockaddr_in6", sizeof(Libc.sockaddr_in6));
        Size("struct sockaddr_un", sizeof(Libc.sockaddr_un));
        Size("struct sockaddr_nl", sizeof(Libc.sockaddr_nl));
        Size("struct iovec", sizeof(Linux.Sockets.IoVector));
        Size("struct msghdr", sizeof(Libc.msghdr));
        Size("struct cmsghdr", sizeof(Libc.cmsghdr));
        Size("struct linger", sizeof(Libc.linger));
        Size("struct pollfd", sizeof(Libc.pollfd));
        Size("struct rlimit", sizeof(Libc.rlimit));
        Size("struct statx", sizeof(Libc.statx_buffer));
        Size("struct epoll_event", EpollSet.Stride);
        Offset("struct epoll_event", "data", EpollSet.DataOffset);

        Size("struct inet_diag_msg", Linux.Sockets.SocketListing.MessageLength);
        Offset("struct inet_diag_msg", "id.idiag_sport", Linux.Sockets.SocketListing.LocalPortOffset);
        Offset("struct inet_diag_msg", "id.idiag_dport", Linux.Sockets.SocketListing.RemotePortOffset);
        Offset("struct inet_diag_msg", "id.idiag_src", Linux.Sockets.SocketListing.LocalAddressOffset);
        Offset("struct inet_diag_msg", "id.idiag_dst", Linux.Sockets.SocketListing.RemoteAddressOffset);
        Offset("struct inet_diag_msg", "idiag_rqueue", Linux.Sockets.SocketListing.QueueOffset);

        Libc.sockaddr_in v4 = default;
        Offset("struct sockaddr_in", "sin_port", (byte*)&v4.sin_port - (byte*)&v4);
        Offset("struct sockaddr_in", "sin_addr", (byte*)&v4.sin_addr - (byte*)&v4);
        Libc.sockaddr_in6 v6 = default;
        Offset("struct sockaddr_in6", "sin6_addr", v6.sin6_addr - (byte*)&v6);
        Offset("struct sockaddr_in6", "sin6_scope_id", (byte*)&v6.sin6_scope_id - (byte*)&v6);
        Libc.sockaddr_un un = default;
        Offset("struct sockaddr_un", "sun_path", un.sun_path - (byte*)&un);
        Libc.msghdr message = default;
        Offset("struct msghdr", "msg_namelen", (byte*)&message.msg_namelen - (byte*)&message);
        Offset("struct msghdr", "msg_iov", (byte*)&message.msg_iov - (byte*)&message);
        Offset("struct msghdr", "msg_iovlen", (byte*)&message.msg_iovlen - (byte*)&message);
        Offset("struct msghdr", "msg_control", (byte*)&message.msg_control - (byte*)&message);
        Offset("struct msghdr", "msg_controllen", (byte*)&message.msg_controllen - (byte*)&message);
        Offset("struct msghdr", "msg_flags", (byte*)&message.msg_flags - (byte*)&message);
        Libc.cmsghdr control = default;
        Offset("struct cmsghdr", "cmsg_level", (byte*)&control.cmsg_level - (byte*)&control);
        Offset("struct cmsghdr", "cmsg_type", (byte*)&control.cmsg_type - (byte*)&control);
        Libc.pollfd poll = default;
        Offset("struct pollfd", "revents", (byte*)&poll.revents - (byte*)&poll);
        Libc.statx_buffer stat = default;
        Offset("struct statx", "stx_ino", (byte*)&stat.stx_ino - (byte*)&stat);
        Offset("struct statx", "stx_dev_major", (byte*)&stat.stx_dev_major - (byte*)&stat);
        Offset("struct statx", "stx_dev_minor", (byte*)&stat.stx_dev_minor - (byte*)&stat);
        return count;
    }
}
