using System.Runtime.InteropServices;
using Ambient.Bookshop;
using Ambient.Bookshop.Http;
using Ambient.Bookshop.Roles;

// bookshop <role>: one part of a shop of several services. Read who it is, serve until a signal.
if (ShopSettings.Read(args, Environment.GetEnvironmentVariable, out string error) is not { } settings)
{
    Console.Error.WriteLine(error);
    return 2;
}

using var ending = new CancellationTokenSource();
void End(PosixSignalContext signal)
{
    signal.Cancel = true;
    ending.Cancel();
}

using PosixSignalRegistration term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var shop = new Shop(settings, TimeProvider.System);
await new HttpServer(settings.Port, shop.AnswerAsync).RunAsync(ending.Token);
return 0;
