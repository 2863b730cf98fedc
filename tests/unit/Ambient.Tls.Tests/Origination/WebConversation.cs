using System.Net.Security;
using Ambient.Tls.Origination;
using Ambient.Tls.Sessions;

namespace Ambient.Tls.Tests.Origination;

/// <summary>A client of ours and a server of the platform, in memory.</summary>
internal sealed class WebConversation : IDisposable
{
    private readonly QueueStream _stream = new();
    private readonly SslStream _server;

    public WebConversation(OriginationContext context, OriginationTarget target, SslServerAuthenticationOptions server)
    {
        Client = new OriginationSession(context, target);
        _server = new SslStream(_stream, leaveInnerStreamOpen: false);
        Server = ServeAsync(server);
    }

    public OriginationSession Client { get; }

    /// <summary>Ends when the server has answered one message with another, or failed.</summary>
    public Task<string> Server { get; }

    public SslStream Stream => _server;

    /// <summary>Goes on until the handshake is over, one way or the other.</summary>
    public async Task<TlsSessionStatus> ShakeHandsAsync()
    {
        while (Client.Advance() == TlsSessionStatus.Handshake)
        {
            Send();
            byte[] bytes = await _stream.FromServerAsync();
            if (bytes.Length == 0)
            {
                return Client.Status;
            }

            Client.Feed(bytes);
        }

        Send();
        return Client.Status;
    }

    /// <summary>Sends a text and returns what comes back, once.</summary>
    public async Task<string> AskAsync(string text)
    {
        Assert.True(Client.Write(System.Text.Encoding.ASCII.GetBytes(text)));
        Send();
        byte[] answer = new byte[256];
        while (true)
        {
            int count = Client.Read(answer);
            if (count > 0 || Client.Status != TlsSessionStatus.Open)
            {
                return System.Text.Encoding.ASCII.GetString(answer, 0, count);
            }

            byte[] bytes = await _stream.FromServerAsync();
            if (bytes.Length == 0)
            {
                return "(the server is gone)";
            }

            Client.Feed(bytes);
        }
    }

    public void Dispose()
    {
        Client.Dispose();
        _server.Dispose();
    }

    private void Send()
    {
        if (Client.Output.Length > 0)
        {
            _stream.ToServer(Client.Output);
            Client.ClearOutput();
        }
    }

    private async Task<string> ServeAsync(SslServerAuthenticationOptions options)
    {
        try
        {
            await _server.AuthenticateAsServerAsync(options);
            byte[] question = new byte[256];
            int count = await _server.ReadAsync(question);
            await _server.WriteAsync(question.AsMemory(0, count));
            return $"{_server.TargetHostName} {_server.SslProtocol} {_server.NegotiatedApplicationProtocol} {_server.RemoteCertificate?.Subject}";
        }
        catch (Exception failed) when (failed is IOException or System.Security.Authentication.AuthenticationException)
        {
            await _server.DisposeAsync();
            return "failed";
        }
    }
}
