using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Ambient.Mesh.Identities;
using Ambient.Tls.Handshakes;
using Ambient.Tls.Records;
using Ambient.Tls.Verification;

namespace Ambient.Component.Tests.Tls;

/// <summary>Our TLS against OpenSSL's command line and Node, over loopback, with both record layers.</summary>
public sealed class ForeignStackTests : IDisposable
{
    private const string EchoServer =
        """
        const tls = require('tls'), fs = require('fs'), d = process.argv[1];
        const server = tls.createServer({ key: fs.readFileSync(d + '/peer.key'), cert: fs.readFileSync(d + '/peer.pem'), ca: fs.readFileSync(d + '/root.pem'),
          requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] }, s => { s.on('error', () => {}); s.pipe(s); });
        server.on('tlsClientError', () => {});
        server.listen(0, '127.0.0.1', () => console.log(server.address().port));
        """;

    private const string EchoClient =
        """
        const tls = require('tls'), fs = require('fs'), d = process.argv[1];
        const s = tls.connect({ port: +process.argv[2], host: '127.0.0.1', key: fs.readFileSync(d + '/peer.key'), cert: fs.readFileSync(d + '/peer.pem'),
          ca: fs.readFileSync(d + '/root.pem'), ALPNProtocols: ['h2'], checkServerIdentity: () => undefined });
        s.on('secureConnect', () => s.write(Buffer.alloc(300000, 'n')));
        let n = 0; s.on('data', b => { n += b.length; if (n === 300000) { console.log('echoed ' + s.getProtocol() + ' ' + s.alpnProtocol); s.end(); } });
        s.on('error', e => console.log('error ' + e.code));
        """;

    private readonly PeerFiles _files = new();
    private readonly List<Process> _processes = [];

    [Theory]
    [InlineData(false, CipherPreference.Aes128First)]
    [InlineData(false, CipherPreference.Aes256First)]
    [InlineData(false, CipherPreference.ChaCha20First)]
    [InlineData(true, CipherPreference.Aes128First)]
    public void Client_OfNode_EchoesBothWays(bool reference, CipherPreference preference)
    {
        Process node = Start("node", ["-e", EchoServer, _files.Folder]);
        int port = int.Parse(ReadLine(node), System.Globalization.CultureInfo.InvariantCulture);
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings { ReferenceRecords = reference, CipherPreference = preference });
        using TlsSocket socket = Connect(port);
        using Handshake handshake = Handshake.Client(context, Expect(PeerFiles.PeerId));

        Assert.Null(socket.Run(handshake));
        Assert.Equal(PeerFiles.PeerId, handshake.Peer!.Identity!.ToString());
        byte[] data = new byte[200_000];
        new Random(1).NextBytes(data);
        socket.Send(data);
        Assert.Equal(data, socket.Read(data.Length).Data);
        socket.CloseNotify();
        Assert.Equal(OpenStatus.PeerClosed, socket.Read(1).Last.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Server_OfNode_EchoesBothWays(bool reference)
    {
        using Socket listener = Listen();
        Process node = Start("node", ["-e", EchoClient, _files.Folder, Port(listener)]);
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings { ReferenceRecords = reference });
        using TlsSocket socket = Accept(listener);
        using Handshake handshake = Handshake.Server(context, new PeerRequirement.SameTrustDomain("cluster.local"));

        Assert.Null(socket.Run(handshake));
        (byte[] data, _) = socket.Read(300_000);
        socket.Send(data);
        Assert.Equal("echoed TLSv1.3 h2", ReadLine(node));
        Assert.Equal(OpenStatus.PeerClosed, socket.Read(1).Last.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Server_OfSClient_AnswersKeyUpdates(bool reference)
    {
        using Socket listener = Listen();
        Process client = Start("openssl", ["s_client", "-connect", $"127.0.0.1:{Port(listener)}", "-cert", _files.Path("peer.pem"), "-key", _files.Path("peer.key"),
            "-CAfile", _files.Path("root.pem"), "-alpn", "h2", "-verify_return_error", "-quiet", "-nocommands"]);
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings { ReferenceRecords = reference });
        using TlsSocket socket = Accept(listener);
        using Handshake handshake = Handshake.Server(context, new PeerRequirement.SameTrustDomain("cluster.local"));

        Assert.Null(socket.Run(handshake));
        client.StandardInput.Write("hello from s_client\n");
        client.StandardInput.Flush();
        Assert.Equal("hello from s_client\n", Encoding.ASCII.GetString(socket.Read(20).Data));
        socket.Send("hello from us\n"u8);
        Assert.Equal("hello from us", ReadLine(client));
    }

    [Fact]
    public void Client_OfSServerThatSendsTicketsAndKeyUpdates_GoesOn()
    {
        (Process server, int port) = StartServer("-alpn", "h2", "-num_tickets", "4");
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings());
        using TlsSocket socket = Connect(port);
        using Handshake handshake = Handshake.Client(context, Expect(PeerFiles.PeerId));

        Assert.Null(socket.Run(handshake));
        socket.Send("first line\n"u8);
        server.StandardInput.Write("one\n");
        server.StandardInput.Flush();
        Assert.Equal("one\n", Encoding.ASCII.GetString(socket.Read(4).Data));

        // "K" asks for a KeyUpdate of both sides, "k" for one of the server's alone.
        foreach (string command in new[] { "K\n", "k\n" })
        {
            server.StandardInput.Write(command);
            server.StandardInput.Flush();
            Assert.Equal(OpenStatus.Nothing, socket.ReadRecord().Result.Status);
            server.StandardInput.Write("more\n");
            server.StandardInput.Flush();
            Assert.Equal("more\n", Encoding.ASCII.GetString(socket.Read(5).Data));
            socket.Send("line after a key update\n"u8);
        }
    }

    [Fact]
    public void Client_OfSServerWithoutAlpn_Refuses()
    {
        (_, int port) = StartServer();
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings());
        using TlsSocket socket = Connect(port);
        using Handshake handshake = Handshake.Client(context, Expect(PeerFiles.PeerId));

        Assert.Contains("did not choose the protocol h2", socket.Run(handshake)!.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-tls1_2", "")]
    [InlineData("-alpn", "http/1.1")]
    public void Server_OfSClientWithAnotherProtocol_Refuses(string option, string value)
    {
        using Socket listener = Listen();
        List<string> arguments = ["s_client", "-connect", $"127.0.0.1:{Port(listener)}", "-cert", _files.Path("peer.pem"), "-key", _files.Path("peer.key"), option];
        if (value.Length > 0)
        {
            arguments.Add(value);
        }

        _ = Start("openssl", arguments);
        Assert.NotNull(RunServer(listener));
    }

    [Fact]
    public void Server_OfSClientWithoutCertificate_Refuses()
    {
        using Socket listener = Listen();
        _ = Start("openssl", ["s_client", "-connect", $"127.0.0.1:{Port(listener)}", "-alpn", "h2"]);
        Assert.Contains("peer did not return a certificate", RunServer(listener)!.Text, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (Process process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        _files.Dispose();
    }

    private TlsFailure? RunServer(Socket listener)
    {
        using TlsContext context = TlsContext.Create(_files.Ours(), new TlsSettings());
        using TlsSocket socket = Accept(listener);
        using Handshake handshake = Handshake.Server(context, new PeerRequirement.SameTrustDomain("cluster.local"));
        return socket.Run(handshake);
    }

    private (Process Server, int Port) StartServer(params string[] more)
    {
        Process server = Start("openssl", ["s_server", "-accept", "127.0.0.1:0", "-cert", _files.Path("peer.pem"), "-key", _files.Path("peer.key"),
            "-CAfile", _files.Path("root.pem"), "-Verify", "2", "-verify_return_error", .. more]);
        while (true)
        {
            string line = ReadLine(server);
            if (line.StartsWith("ACCEPT ", StringComparison.Ordinal))
            {
                return (server, int.Parse(line[(line.LastIndexOf(':') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
            }
        }
    }

    private static PeerRequirement Expect(string identity)
    {
        Assert.True(SpiffeId.TryParse(identity, out SpiffeId? id));
        return new PeerRequirement.AnyOf([id!]);
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }

    private static string Port(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static TlsSocket Accept(Socket listener)
    {
        Assert.True(listener.Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead), "nobody connected");
        return new TlsSocket(listener.Accept());
    }

    private static TlsSocket Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, port);
        return new TlsSocket(socket);
    }

    private Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        Process process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        _processes.Add(process);
        return process;
    }

    private static string ReadLine(Process process)
    {
        Task<string?> line = process.StandardOutput.ReadLineAsync();
        Assert.True(line.Wait(TimeSpan.FromSeconds(20)), "no line within 20 s");
        return line.GetAwaiter().GetResult() ?? throw new InvalidOperationException("the peer ended");
    }
}
