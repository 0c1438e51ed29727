@echo off
rem netmin.windows: puts back what a run changed, unless the run is confirmed in time. The key below says what.
setlocal enableextensions disabledelayedexpansion
cd /d "%SystemRoot%\System32"
set "PATH=%SystemRoot%\System32"
set "K=HKLM\SOFTWARE\netmin.windows\Confirm"
set N=0
call :read Outcome
if defined VALUE goto over
call :read Beats
if not defined VALUE goto over
set LIMIT=%VALUE%
:beat
call :read Run
if not defined VALUE goto over
set /a N+=1
reg add "%K%" /v Heartbeat /t REG_SZ /d %N% /f
ping -n 6 127.0.0.1 >nul
call :read Confirmed
if defined VALUE goto confirmed
if %N% lss %LIMIT% goto beat
reg add "%K%" /v Outcome /t REG_SZ /d "restoring after %N% beats" /f
reg add "%K%" /v Heartbeat /t REG_SZ /d restoring /f
call :disarm
set CODES=
set I=1000
:value
set /a I+=1
set T=1
:command
set /a T+=1
set C=
for /f "tokens=%T% delims=&" %%a in ('reg query "%K%" /v %I:~1%') do (
set C=1
%%a
call :note
)
if defined C goto command
if not %T%==2 goto value
set T=1
:keys
set /a T+=1
set C=
for /f "tokens=%T% delims=&" %%a in ('reg query "%K%" /v Keys') do (
set C=1
call :key "%%a"
)
if defined C goto keys
call :read Boot
reg add "%K%" /v Outcome /t REG_SZ /d "restored after %N% beats:%CODES%" /f
reg add "%K%" /v Heartbeat /t REG_SZ /d restored /f
if "%VALUE%"=="1" shutdown -r -f -t 5
goto :eof
:confirmed
call :disarm
reg delete "%K%" /f
goto :eof
:over
call :disarm
goto :eof
:disarm
schtasks /delete /tn netmin.windows-confirm /f
sc delete netmin.windows-confirm
goto :eof
:read
set VALUE=
for /f "tokens=1,2*" %%a in ('reg query "%K%" /v %1') do if "%%a"=="%1" set "VALUE=%%c"
goto :eof
:note
set "CODES=%CODES% %errorlevel%"
goto :eof
:key
set H=
set "L=%~1"
for /f "delims=\ " %%b in ('reg query %1') do if not "%%b"=="HKEY_LOCAL_MACHINE" if not "%%b"=="!" if not "%%b"=="<NO" set H=1
for /f "tokens=1,2 delims=<>" %%b in ('reg query %1 ^| find "REG_"') do if not "%%c"=="NO NAME" set H=1
for /f "tokens=4" %%b in ('reg query %1 ^| find "<NO NAME>"') do set H=1
for /f "delims=" %%b in ('reg query %1 ^| find "HKEY_"') do if /i not "%%b"=="HKEY_LOCAL_MACHINE%L:~4%" set H=1
if not defined H reg query %1 && reg delete %1 /f
goto :eof
